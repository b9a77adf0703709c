//! Values on their way into the database.

use bytes::BytesMut;
use daybook_domain::amount::{Minor, Quantity, RatePpm, UnitPrice};
use daybook_domain::ids::{
    CustomerId, DocumentId, EntryId, LocationId, OrderId, RequestId, ShiftId, Sku, StaffId,
    TillCode, TillId,
};
use daybook_sync::hash::{Hash, PublicKey, Signature};
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use rusqlite::types::{ToSqlOutput, ValueRef};
use std::borrow::Cow;
use std::error::Error;
use uuid::Uuid;

/// A parameter: what both engines can hold. A UUID is a BLOB of 16 bytes in SQLite and a UUID in PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arg<'a> {
    /// NULL.
    Null,
    /// Integer.
    Int(i64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// UUID.
    Uuid(Uuid),
}

/// A text that comes from outside as both engines can hold it: PostgreSQL keeps no U+0000, so U+FFFD stands for it in both.
#[must_use]
pub fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{FFFD}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// What can be bound as a parameter.
pub trait Bind {
    /// The parameter.
    fn arg(&self) -> Arg<'_>;
}

macro_rules! bind {
    ($($name:ty, |$value:ident| $arg:expr;)*) => {$(
        impl Bind for $name {
            fn arg(&self) -> Arg<'_> {
                let $value = self;
                $arg
            }
        }
    )*};
}

bind! {
    i64, |value| Arg::Int(*value);
    i32, |value| Arg::Int(i64::from(*value));
    u32, |value| Arg::Int(i64::from(*value));
    bool, |value| Arg::Int(i64::from(*value));
    str, |value| Arg::Text(value);
    String, |value| Arg::Text(value);
    [u8], |value| Arg::Bytes(value);
    [u8; 32], |value| Arg::Bytes(value);
    Vec<u8>, |value| Arg::Bytes(value);
    Uuid, |value| Arg::Uuid(*value);
    TillId, |value| Arg::Uuid(value.0);
    EntryId, |value| Arg::Uuid(value.0);
    DocumentId, |value| Arg::Uuid(value.0);
    ShiftId, |value| Arg::Uuid(value.0);
    OrderId, |value| Arg::Uuid(value.0);
    CustomerId, |value| Arg::Uuid(value.0);
    RequestId, |value| Arg::Uuid(value.0);
    Sku, |value| Arg::Text(value.as_str());
    LocationId, |value| Arg::Text(value.as_str());
    StaffId, |value| Arg::Text(value.as_str());
    TillCode, |value| Arg::Text(value.as_str());
    Minor, |value| Arg::Int(value.0);
    Quantity, |value| Arg::Int(value.0);
    RatePpm, |value| Arg::Int(value.0);
    UnitPrice, |value| Arg::Int(value.0);
    Hash, |value| Arg::Bytes(&value.0);
    Signature, |value| Arg::Bytes(&value.0);
    PublicKey, |value| Arg::Bytes(&value.0);
}

impl<T: Bind + ?Sized> Bind for &T {
    fn arg(&self) -> Arg<'_> {
        (**self).arg()
    }
}

impl<T: Bind> Bind for Option<T> {
    fn arg(&self) -> Arg<'_> {
        self.as_ref().map_or(Arg::Null, Bind::arg)
    }
}

impl Bind for Arg<'_> {
    fn arg(&self) -> Arg<'_> {
        *self
    }
}

impl rusqlite::ToSql for Arg<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Int(value) => ToSqlOutput::Borrowed(ValueRef::Integer(*value)),
            Self::Text(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
            Self::Bytes(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
            Self::Uuid(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value.as_bytes())),
        })
    }
}

impl ToSql for Arg<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *ty == Type::INT4 => i32::try_from(*value)?.to_sql(ty, out),
            Self::Int(value) if *ty == Type::INT8 => value.to_sql(ty, out),
            Self::Text(value) if <&str as ToSql>::accepts(ty) => value.to_sql(ty, out),
            Self::Bytes(value) if *ty == Type::BYTEA => value.to_sql(ty, out),
            Self::Uuid(value) if *ty == Type::UUID => value.to_sql(ty, out),
            Self::Int(_) | Self::Text(_) | Self::Bytes(_) | Self::Uuid(_) => {
                Err(format!("{self:?} bound to a parameter of type {ty}").into())
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        // Every combination is checked with the value in hand, above.
        true
    }

    to_sql_checked!();
}
