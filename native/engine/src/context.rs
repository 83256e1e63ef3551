//! The encryption context, serialised: what binds a data key to one table and one item's key attributes.
//!
//! See `dynaseal/core/context.py`. A plan has the entries that every item of the table has, already serialised.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Unusual;
use crate::bytes::write_sized_by_short;
use crate::fields::Fields;
use crate::values::{BOOLEAN, NULL, NUMBER, STRING};

pub const PUBLIC_KEY: &[u8] = b"aws-crypto-public-key";
const LEGEND: &[u8] = b"aws-crypto-legend";

/// The entries of a table's encryption context that do not depend on the item, serialised.
pub struct TableEntries {
    /// The entries before the public key's place.
    pub before_public_key: Vec<u8>,
    /// The entries after it.
    pub after_public_key: Vec<u8>,
    /// How many they are together.
    pub count: usize,
}

/// An attribute in the encryption context: its entry's key, and its position among the signed fields.
pub struct ContextAttribute {
    pub key: Vec<u8>,
    pub position: usize,
}

/// Serialises an item's encryption context, as headers of a version have it.
pub fn serialize(
    version: u8,
    table: &TableEntries,
    attributes: &[ContextAttribute],
    fields: &Fields,
    public_key: Option<&[u8]>,
) -> Result<Vec<u8>, Unusual> {
    let has_legend = version == 2;
    let count = table.count
        + attributes.len()
        + usize::from(has_legend)
        + usize::from(public_key.is_some());
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(&u16::try_from(count).map_err(|_| Unusual)?.to_be_bytes());
    let mut legend = Vec::new();
    for attribute in attributes {
        write_sized_by_short(&mut out, &attribute.key)?;
        if has_legend {
            legend.push(write_version_2_value(&mut out, fields, attribute.position)?);
        } else {
            write_version_1_value(&mut out, fields, attribute.position)?;
        }
    }
    if has_legend {
        write_sized_by_short(&mut out, LEGEND)?;
        write_sized_by_short(&mut out, &legend)?;
    }
    out.extend_from_slice(&table.before_public_key);
    if let Some(public_key) = public_key {
        write_sized_by_short(&mut out, PUBLIC_KEY)?;
        write_sized_by_short(&mut out, public_key)?;
    }
    out.extend_from_slice(&table.after_public_key);
    Ok(out)
}

fn write_version_1_value(
    out: &mut Vec<u8>,
    fields: &Fields,
    position: usize,
) -> Result<(), Unusual> {
    write_sized_by_short(out, STANDARD.encode(fields.stored(position)).as_bytes())
}

/// Appends a value, and returns the letter for the legend.
fn write_version_2_value(
    out: &mut Vec<u8>,
    fields: &Fields,
    position: usize,
) -> Result<u8, Unusual> {
    let field = fields.signed(position);
    let (letter, value) = match field.type_id {
        STRING => (b'S', field.bytes),
        NUMBER => (b'N', field.bytes),
        NULL => (b'L', b"null".as_slice()),
        BOOLEAN if field.bytes == [0] => (b'L', b"false".as_slice()),
        BOOLEAN => (b'L', b"true".as_slice()),
        _ => {
            write_version_1_value(out, fields, position)?;
            return Ok(b'B');
        }
    };
    write_sized_by_short(out, value)?;
    Ok(letter)
}

/// Encodes a public key for the encryption context.
pub fn encode_public_key(point: &[u8]) -> Vec<u8> {
    STANDARD.encode(point).into_bytes()
}

/// Decodes a public key of an encryption context.
pub fn decode_public_key(encoded: &[u8]) -> Result<Vec<u8>, Unusual> {
    STANDARD.decode(encoded).map_err(|_| Unusual)
}
