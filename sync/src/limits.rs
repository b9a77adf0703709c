//! Named limits of everything that comes from outside. They are frozen with the protocol version.

/// Version of the protocol written and understood by this code.
pub const PROTOCOL: u32 = 1;

/// Most entries in one push.
pub const PUSH_ENTRIES_MAX: usize = 500;

/// Most bytes of entries in one push, frame lines not counted.
pub const PUSH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Largest entry in bytes.
pub const ENTRY_BYTES_MAX: usize = 512 * 1024;

/// Largest sidecar in bytes of UTF-8.
pub const SIDECAR_BYTES_MAX: usize = 16 * 1024;

/// Longest header line or frame line in bytes, newline included.
pub const LINE_BYTES_MAX: usize = 128 * 1024;

/// Largest request body as sent.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Largest request body after decompression.
pub const INFLATED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Most requests (leases …) in one exchange.
pub const REQUESTS_MAX: usize = 100;

/// Most feed rows in one answer.
pub const PAGE_ROWS_MAX: u32 = 1_000;

/// Most bytes of keys and values in one answer; one row always fits.
pub const PAGE_BYTES_MAX: u32 = 1024 * 1024;

/// First number of the range from which a till takes a provisional incarnation while offline. Numbers below are
/// granted by the store.
pub const PROVISIONAL_FROM: u32 = 1 << 31;

/// Bits of a feed number below the epoch.
pub const FEED_BITS: u32 = 40;

/// Highest epoch: with [`FEED_BITS`] a feed number stays below 2^53 and is exact in every JSON reader.
pub const EPOCH_MAX: i64 = 4095;
