//! The header, byte for byte: version, suite, message id, legend, stored context, data keys, commitment.
//!
//! Read here are headers as this engine writes them: the stored context is empty, or has the public key alone.

use crate::Unusual;
use crate::bytes::{Reader, write_sized_by_short};
use crate::context::PUBLIC_KEY;
use crate::primitives::KEY_LENGTH;

pub const MESSAGE_ID_LENGTH: usize = 32;
/// Where the message id begins: after version and flavor.
const MESSAGE_ID_AT: usize = 2;
const SYMMETRIC_FLAVOR: u8 = 0;
const SIGNED_FLAVOR: u8 = 1;
const EMPTY_CONTEXT: [u8; 2] = [0, 0];
const ONE_ENTRY: [u8; 2] = [0, 1];

/// A data key as one provider wrapped it.
pub struct EncryptedDataKey<'a> {
    pub provider_id: &'a [u8],
    pub provider_info: &'a [u8],
    pub ciphertext: &'a [u8],
}

/// A parsed header.
pub struct Header<'a> {
    pub version: u8,
    pub legend: &'a [u8],
    /// The item's public key in base64, in the suite that signs.
    pub public_key: Option<&'a [u8]>,
    pub data_keys: Vec<EncryptedDataKey<'a>>,
    marked: MarkedHeader<'a>,
}

impl<'a> Header<'a> {
    /// The parts that unsealing needs.
    pub fn marked(&self) -> &MarkedHeader<'a> {
        &self.marked
    }
}

/// The parts of a header that unsealing needs.
pub struct MarkedHeader<'a> {
    pub message_id: &'a [u8],
    pub data_key_count: usize,
    /// Everything before the commitment, which covers exactly these bytes.
    pub partial: &'a [u8],
    pub commitment: &'a [u8],
    pub whole: &'a [u8],
}

impl<'a> MarkedHeader<'a> {
    /// Marks the parts of a header that was read already.
    pub fn new(whole: &'a [u8], data_key_count: usize) -> Result<Self, Unusual> {
        let message_id = whole
            .get(MESSAGE_ID_AT..MESSAGE_ID_AT + MESSAGE_ID_LENGTH)
            .ok_or(Unusual)?;
        let (partial, commitment) = whole.split_last_chunk::<KEY_LENGTH>().ok_or(Unusual)?;
        Ok(Self {
            message_id,
            data_key_count,
            partial,
            commitment,
            whole,
        })
    }
}

/// Reads a header strictly.
pub fn parse(bytes: &[u8]) -> Result<Header<'_>, Unusual> {
    let mut reader = Reader::new(bytes);
    let version = reader.byte()?;
    let flavor = reader.byte()?;
    if !matches!(version, 1 | 2) || !matches!(flavor, SYMMETRIC_FLAVOR | SIGNED_FLAVOR) {
        return Err(Unusual);
    }
    reader.take(MESSAGE_ID_LENGTH)?;
    let legend = reader.sized_by_short()?;
    if !legend.iter().all(|byte| b"esc".contains(byte)) {
        return Err(Unusual);
    }
    let public_key = parse_stored_context(&mut reader)?;
    if public_key.is_some() != (flavor == SIGNED_FLAVOR) {
        return Err(Unusual);
    }
    let data_keys = parse_data_keys(&mut reader)?;
    if reader.remaining().len() != KEY_LENGTH {
        return Err(Unusual);
    }
    let marked = MarkedHeader::new(bytes, data_keys.len())?;
    Ok(Header {
        version,
        legend,
        public_key,
        data_keys,
        marked,
    })
}

fn parse_stored_context<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, Unusual> {
    match reader.short()? {
        0 => Ok(None),
        1 if reader.sized_by_short()? == PUBLIC_KEY => Ok(Some(reader.sized_by_short()?)),
        _ => Err(Unusual),
    }
}

fn parse_data_keys<'a>(reader: &mut Reader<'a>) -> Result<Vec<EncryptedDataKey<'a>>, Unusual> {
    let count = reader.byte()?;
    if count == 0 {
        return Err(Unusual);
    }
    let mut data_keys = Vec::with_capacity(count.into());
    for _ in 0..count {
        let provider_id = reader.sized_by_short()?;
        std::str::from_utf8(provider_id).map_err(|_| Unusual)?;
        let provider_info = reader.sized_by_short()?;
        let ciphertext = reader.sized_by_short()?;
        data_keys.push(EncryptedDataKey {
            provider_id,
            provider_info,
            ciphertext,
        });
    }
    Ok(data_keys)
}

/// What a header says besides its data keys.
pub struct Start<'a> {
    pub version: u8,
    pub is_signed: bool,
    pub message_id: &'a [u8; MESSAGE_ID_LENGTH],
    pub legend: &'a [u8],
    pub stored_context: &'a [u8],
}

/// Writes a header up to its commitment.
pub fn write_partial(
    start: &Start<'_>,
    data_keys: &[EncryptedDataKey<'_>],
) -> Result<Vec<u8>, Unusual> {
    let mut out = Vec::with_capacity(512);
    out.push(start.version);
    out.push(if start.is_signed {
        SIGNED_FLAVOR
    } else {
        SYMMETRIC_FLAVOR
    });
    out.extend_from_slice(start.message_id);
    write_sized_by_short(&mut out, start.legend)?;
    out.extend_from_slice(start.stored_context);
    out.push(u8::try_from(data_keys.len()).map_err(|_| Unusual)?);
    for key in data_keys {
        write_sized_by_short(&mut out, key.provider_id)?;
        write_sized_by_short(&mut out, key.provider_info)?;
        write_sized_by_short(&mut out, key.ciphertext)?;
    }
    Ok(out)
}

/// Writes the stored context: empty, or the public key in base64.
pub fn write_stored_context(public_key: Option<&[u8]>) -> Result<Vec<u8>, Unusual> {
    let Some(public_key) = public_key else {
        return Ok(EMPTY_CONTEXT.to_vec());
    };
    let mut out = ONE_ENTRY.to_vec();
    write_sized_by_short(&mut out, PUBLIC_KEY)?;
    write_sized_by_short(&mut out, public_key)?;
    Ok(out)
}
