//! The journal as a folder that anyone can verify without this program's database: frames and bytes of every
//! entry, public keys, the store's counter-signatures, a manifest of hashes, and a description.

use crate::error::TillError;
use crate::ledger::{Ledger, query};
use crate::lines;
use daybook_sync::frame::{Acknowledgement, FramedEntry, Head, Journal, verify_frames};
use daybook_sync::hash::{Hash, PublicKey, Signature};
use daybook_sync::limits::LINE_BYTES_MAX;
use daybook_sync::message::FrameLine;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use uuid::Uuid;

/// Entries read at a time.
const BATCH: usize = 500;

/// What the files are, for those who read them without this program.
const SCHEMA: &str = include_str!("export/SCHEMA.md");

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this form.
    pub format: u32,
    /// The business.
    pub tenant: Uuid,
    /// The till.
    pub till: Uuid,
    /// Its code.
    pub till_code: String,
    /// Key of the store's counter-signatures.
    pub store_public_key: PublicKey,
    /// When it was exported, UTC milliseconds.
    pub exported_at_ms: i64,
    /// One file per incarnation.
    pub journals: Vec<ExportedJournal>,
    /// SHA-256 of every other file, by name.
    pub files: std::collections::BTreeMap<String, Hash>,
}

/// One incarnation's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedJournal {
    /// Incarnation.
    pub incarnation: u32,
    /// Key that its heads are signed with.
    pub public_key: PublicKey,
    /// Last sequence number.
    pub seq: i64,
    /// Hash there.
    pub hash: Hash,
    /// Name of the file.
    pub file: String,
    /// Heads that the store counter-signed.
    pub acknowledged: Vec<ExportedAck>,
}

/// A counter-signature of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedAck {
    /// Sequence number.
    pub seq: i64,
    /// Hash there.
    pub hash: Hash,
    /// Epoch of the store.
    pub epoch: i64,
    /// When it was signed, UTC milliseconds.
    pub at_ms: i64,
    /// The signature.
    pub sig: Signature,
}

/// What a verification of an export found in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VerifiedExport {
    /// Entries.
    pub entries: u64,
    /// Incarnations.
    pub incarnations: u64,
    /// Counter-signatures of the store.
    pub acknowledged: u64,
}

/// Writes the export into a new folder.
///
/// # Errors
/// [`TillError::BadInput`] when the folder is there already; [`TillError::Io`].
pub fn export(ledger: &Ledger, to: &Path, now_ms: i64) -> Result<Manifest, TillError> {
    let io = |path: &Path| TillError::io(path.display().to_string());
    if to.exists() {
        return Err(TillError::bad("file", format!("{} exists already", to.display())));
    }
    fs::create_dir_all(to).map_err(io(to))?;
    let identity = ledger.identity()?;
    let mut manifest = Manifest {
        format: 1,
        tenant: identity.tenant,
        till: identity.till.0,
        till_code: identity.code.to_string(),
        store_public_key: identity.store_public_key,
        exported_at_ms: now_ms,
        journals: Vec::new(),
        files: std::collections::BTreeMap::new(),
    };
    for (ord, incarnation) in query::incarnations(ledger.reader())? {
        let journal = journal(ledger, to, ord, incarnation)?;
        manifest.journals.push(journal);
    }
    let schema = to.join("SCHEMA.md");
    fs::write(&schema, SCHEMA).map_err(io(&schema))?;
    for name in manifest.journals.iter().map(|one| one.file.as_str()).chain(["SCHEMA.md"]) {
        let path = to.join(name);
        manifest.files.insert(name.to_owned(), sha256(&path)?);
    }
    let path = to.join("manifest.json");
    let text = serde_json::to_vec_pretty(&manifest)
        .map_err(|error| TillError::corrupt("manifest", "json", error))?;
    fs::write(&path, text).map_err(io(&path))?;
    Ok(manifest)
}

fn journal(
    ledger: &Ledger,
    to: &Path,
    ord: i64,
    incarnation: u32,
) -> Result<ExportedJournal, TillError> {
    let conn = ledger.reader();
    let file = format!("journal-{incarnation}.ndjson");
    let path = to.join(&file);
    let io = || TillError::io(path.display().to_string());
    let mut out = BufWriter::new(fs::File::create(&path).map_err(io())?);
    let mut after = 0;
    loop {
        let entries = query::entries_after(conn, ord, after, BATCH, usize::MAX)?;
        let Some(last) = entries.last() else { break };
        after = last.frame.seq;
        for entry in entries {
            let line = FrameLine { frame: entry.frame, len: entry.bytes.len(), sidecar: None };
            let line = serde_json::to_vec(&line)
                .map_err(|error| TillError::corrupt("entry", entry.frame.seq, error))?;
            for part in [&line[..], b"\n", &entry.bytes, b"\n"] {
                out.write_all(part).map_err(io())?;
            }
        }
    }
    out.flush().map_err(io())?;
    let till = ledger.identity()?.till.0;
    let head = query::head_of(conn, ord, &Journal { till, incarnation })?;
    let key: Vec<u8> =
        conn.query_row("SELECT public_key FROM incarnation WHERE ord = ?1", [ord], |row| {
            row.get(0)
        })?;
    let public_key = PublicKey::from_slice(&key)
        .ok_or_else(|| TillError::corrupt("incarnation", incarnation, "public key"))?;
    let acknowledged = acknowledged(conn, incarnation)?;
    Ok(ExportedJournal {
        incarnation,
        public_key,
        seq: head.seq,
        hash: head.hash,
        file,
        acknowledged,
    })
}

fn acknowledged(
    conn: &rusqlite::Connection,
    incarnation: u32,
) -> Result<Vec<ExportedAck>, TillError> {
    let mut statement = conn.prepare(
        "SELECT seq, hash, epoch, at_ms, signature FROM acknowledgement
         WHERE incarnation = ?1 ORDER BY seq",
    )?;
    let mut rows = statement.query([incarnation])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        let (hash, sig): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(4)?);
        let (Some(hash), Some(sig)) = (Hash::from_slice(&hash), Signature::from_slice(&sig)) else {
            return Err(TillError::corrupt("acknowledgement", seq, "hash or signature"));
        };
        found.push(ExportedAck { seq, hash, epoch: row.get(2)?, at_ms: row.get(3)?, sig });
    }
    Ok(found)
}

/// Verifies an export: hashes of the files, chain and signature of every entry, heads, counter-signatures.
///
/// # Errors
/// [`TillError::Corrupt`] names the first thing that does not hold.
pub fn verify(from: &Path) -> Result<VerifiedExport, TillError> {
    let path = from.join("manifest.json");
    let text = fs::read(&path).map_err(TillError::io(path.display().to_string()))?;
    let manifest: Manifest = serde_json::from_slice(&text)
        .map_err(|error| TillError::corrupt("manifest", "json", error))?;
    for (name, expected) in &manifest.files {
        if name.contains(['/', '\\']) || sha256(&from.join(name))? != *expected {
            return Err(TillError::corrupt("manifest", name, "its SHA-256 is another"));
        }
    }
    let mut verified = VerifiedExport::default();
    for journal in &manifest.journals {
        verified.entries += verify_journal(from, &manifest, journal)?;
        verified.incarnations += 1;
        verified.acknowledged += u64::try_from(journal.acknowledged.len()).unwrap_or(0);
    }
    Ok(verified)
}

fn verify_journal(
    from: &Path,
    manifest: &Manifest,
    exported: &ExportedJournal,
) -> Result<u64, TillError> {
    let wrong = |seq: i64, problem: &str| TillError::corrupt("entry", seq, problem);
    if !manifest.files.contains_key(&exported.file) {
        return Err(TillError::corrupt("manifest", &exported.file, "is not in files"));
    }
    let journal = Journal { till: manifest.till, incarnation: exported.incarnation };
    let path = from.join(&exported.file);
    let file = fs::File::open(&path).map_err(TillError::io(path.display().to_string()))?;
    let mut reader = BufReader::new(file);
    let mut head = journal.start();
    let mut count = 0;
    let mut hashes = std::collections::HashMap::from([(0, head.hash)]);
    while let Some(entry) = next_entry(&mut reader, head.seq + 1)? {
        if entry.frame.seq != head.seq + 1 || entry.frame.prev != head.hash {
            return Err(wrong(entry.frame.seq, "does not follow the entry before"));
        }
        let entries = [entry];
        if let Some(bad) = verify_frames(&exported.public_key, &journal, &entries).bad() {
            return Err(wrong(bad.seq, bad.fault.code()));
        }
        let [entry] = entries;
        head = entry.frame.head();
        hashes.insert(head.seq, head.hash);
        count += 1;
    }
    if head != (Head { seq: exported.seq, hash: exported.hash }) {
        return Err(wrong(head.seq, "the journal does not end at the head of the manifest"));
    }
    for ack in &exported.acknowledged {
        let statement = Acknowledgement {
            tenant: manifest.tenant,
            journal,
            head: Head { seq: ack.seq, hash: ack.hash },
            epoch: ack.epoch,
            at_ms: ack.at_ms,
        };
        if hashes.get(&ack.seq) != Some(&ack.hash)
            || !statement.is_signed_by(&manifest.store_public_key, &ack.sig)
        {
            return Err(wrong(ack.seq, "the store's counter-signature does not fit"));
        }
    }
    Ok(count)
}

fn next_entry(reader: &mut impl BufRead, seq: i64) -> Result<Option<FramedEntry>, TillError> {
    let wrong = |problem: String| TillError::corrupt("entry", seq, problem);
    let line = lines::next(reader, LINE_BYTES_MAX).map_err(|error| wrong(error.to_string()))?;
    let Some(line) = line else { return Ok(None) };
    let frame: FrameLine = serde_json::from_str(&line).map_err(|error| wrong(error.to_string()))?;
    if frame.len > daybook_sync::limits::ENTRY_BYTES_MAX {
        return Err(wrong("is too large".to_owned()));
    }
    let mut bytes = vec![0; frame.len + 1];
    reader.read_exact(&mut bytes).map_err(|error| wrong(error.to_string()))?;
    if bytes.pop() != Some(b'\n') {
        return Err(wrong("its length is another".to_owned()));
    }
    Ok(Some(FramedEntry { frame: frame.frame, bytes, sidecar: None }))
}

fn sha256(path: &Path) -> Result<Hash, TillError> {
    let io = || TillError::io(path.display().to_string());
    let mut file = BufReader::new(fs::File::open(path).map_err(io())?);
    let mut sum = Sha256::new();
    loop {
        let part = file.fill_buf().map_err(io())?;
        if part.is_empty() {
            return Ok(Hash(sum.finalize().into()));
        }
        sum.update(part);
        let read = part.len();
        file.consume(read);
    }
}
