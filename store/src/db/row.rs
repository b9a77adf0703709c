//! Rows on their way out of the database.

use super::DbError;
use daybook_sync::hash::{Hash, PublicKey};
use postgres::types::Type;
use rusqlite::types::ValueRef;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Uuid(Uuid),
}

/// One row of a result. Columns are read by their index, from 0, as the type that the schema gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    values: Vec<Value>,
}

macro_rules! typed {
    ($($(#[$doc:meta])* $name:ident, $optional:ident, $type:ty, $wanted:literal, $($pattern:pat => $value:expr),+;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// [`DbError::Column`] when it holds something else.
        pub fn $name(&self, column: usize) -> Result<$type, DbError> {
            self.$optional(column)?.ok_or(DbError::Column { column, wanted: $wanted })
        }

        $(#[$doc])*
        /// NULL becomes `None`.
        ///
        /// # Errors
        /// [`DbError::Column`] when it holds something else.
        pub fn $optional(&self, column: usize) -> Result<Option<$type>, DbError> {
            match self.values.get(column) {
                Some(Value::Null) => Ok(None),
                $(Some($pattern) => $value.map(Some).ok_or(DbError::Column { column, wanted: $wanted }),)+
                _ => Err(DbError::Column { column, wanted: $wanted }),
            }
        }
    )*};
}

impl Row {
    typed! {
        /// An integer.
        int, opt_int, i64, "an integer", Value::Int(value) => Some(*value);
        /// An integer that fits 32 bits without sign.
        u32, opt_u32, u32, "an integer of 32 bits", Value::Int(value) => u32::try_from(*value).ok();
        /// A truth value, 0 or 1.
        bool, opt_bool, bool, "0 or 1", Value::Int(0) => Some(false), Value::Int(1) => Some(true);
        /// A text.
        text, opt_text, &str, "text", Value::Text(value) => Some(value.as_str());
        /// Bytes.
        bytes, opt_bytes, &[u8], "bytes", Value::Bytes(value) => Some(value.as_slice());
        /// A UUID.
        uuid, opt_uuid, Uuid, "a UUID", Value::Uuid(value) => Some(*value), Value::Bytes(value) => Uuid::from_slice(value).ok();
    }

    /// A hash of 32 bytes.
    ///
    /// # Errors
    /// [`DbError::Column`] when it holds something else.
    pub fn hash(&self, column: usize) -> Result<Hash, DbError> {
        Hash::from_slice(self.bytes(column)?).ok_or(DbError::Column { column, wanted: "32 bytes" })
    }

    /// A public key of 32 bytes.
    ///
    /// # Errors
    /// [`DbError::Column`] when it holds something else.
    pub fn public_key(&self, column: usize) -> Result<PublicKey, DbError> {
        PublicKey::from_slice(self.bytes(column)?)
            .ok_or(DbError::Column { column, wanted: "32 bytes" })
    }

    /// A text parsed as an id or enum of the domain; a text that is none is a corrupt row.
    ///
    /// # Errors
    /// [`DbError::Column`], or [`DbError::Corrupt`] that names the table and the text.
    pub fn parsed<T: std::str::FromStr>(
        &self,
        column: usize,
        table: &'static str,
    ) -> Result<T, DbError> {
        let text = self.text(column)?;
        text.parse().map_err(|_| DbError::corrupt(table, text))
    }

    pub(super) fn of_sqlite(row: &rusqlite::Row<'_>, columns: usize) -> Result<Self, DbError> {
        let mut values = Vec::with_capacity(columns);
        for column in 0..columns {
            values.push(match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(value) => Value::Int(value),
                ValueRef::Text(value) => {
                    let text = std::str::from_utf8(value);
                    Value::Text(
                        text.map_err(|_| DbError::Column { column, wanted: "UTF-8" })?.to_owned(),
                    )
                }
                ValueRef::Blob(value) => Value::Bytes(value.to_owned()),
                ValueRef::Real(_) => {
                    return Err(DbError::Column { column, wanted: "a value without fraction" });
                }
            });
        }
        Ok(Self { values })
    }

    pub(super) fn of_postgres(row: &postgres::Row) -> Result<Self, DbError> {
        let mut values = Vec::with_capacity(row.len());
        for (column, description) in row.columns().iter().enumerate() {
            let ty = description.type_();
            let value = if *ty == Type::INT8 {
                row.try_get::<_, Option<i64>>(column)?.map(Value::Int)
            } else if *ty == Type::INT4 {
                row.try_get::<_, Option<i32>>(column)?.map(|value| Value::Int(i64::from(value)))
            } else if *ty == Type::BOOL {
                row.try_get::<_, Option<bool>>(column)?.map(|value| Value::Int(i64::from(value)))
            } else if *ty == Type::BYTEA {
                row.try_get::<_, Option<Vec<u8>>>(column)?.map(Value::Bytes)
            } else if *ty == Type::UUID {
                row.try_get::<_, Option<Uuid>>(column)?.map(Value::Uuid)
            } else {
                row.try_get::<_, Option<String>>(column)?.map(Value::Text)
            };
            values.push(value.unwrap_or(Value::Null));
        }
        Ok(Self { values })
    }
}
