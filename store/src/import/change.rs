//! What an import changes: one piece of work each, small enough to be carried out beside everything else.

use daybook_domain::amount::Quantity;
use daybook_domain::feed::{
    CustomerRow, ItemRow, LocationRow, Settings, StaffRow, StockPolicy, TaxClassRow,
};
use daybook_domain::ids::{LocationId, Sku};
use serde::{Deserialize, Serialize};

/// A change. Carrying it out twice is the same as once, but for stock, which is guarded by its staged row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", content = "to", rename_all = "snake_case")]
pub(super) enum Change {
    Settings(Settings),
    Location(LocationRow),
    TaxClass(TaxClassRow),
    Item(Box<ItemRow>),
    Staff(StaffRow),
    Customer(CustomerRow),
    Stock(StockChange),
}

impl Change {
    /// What it changes, for a summary.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Settings(_) => "settings",
            Self::Location(_) => "location",
            Self::TaxClass(_) => "tax class",
            Self::Item(_) => "item",
            Self::Staff(_) => "staff",
            Self::Customer(_) => "customer",
            Self::Stock(_) => "stock",
        }
    }

    /// The location that it changes, if it is one.
    pub(super) fn location(&self) -> Option<&LocationId> {
        match self {
            Self::Location(row) => Some(&row.location),
            Self::Settings(_)
            | Self::TaxClass(_)
            | Self::Item(_)
            | Self::Staff(_)
            | Self::Customer(_)
            | Self::Stock(_) => None,
        }
    }

    /// In the order in which they must be carried out: what others refer to comes first.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Settings(_) => 0,
            Self::Location(_) => 1,
            Self::TaxClass(_) => 2,
            Self::Item(_) => 3,
            Self::Staff(_) => 4,
            Self::Customer(_) => 5,
            Self::Stock(_) => 6,
        }
    }
}

/// A level that the files want otherwise. `move_milli` is a difference, so that a sale in between stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StockChange {
    pub(super) sku: Sku,
    pub(super) location: LocationId,
    pub(super) move_milli: Quantity,
    pub(super) opening: bool,
    pub(super) policy: StockPolicy,
    pub(super) allotted_milli: Quantity,
    pub(super) lease_size_milli: Option<Quantity>,
    pub(super) low_stock_milli: Option<Quantity>,
}
