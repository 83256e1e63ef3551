//! The fields of one item: type ids and bytes, all in one buffer.

use std::ops::Range;

use crate::values::TypeId;

/// A field: an attribute's type id and its bytes, in the clear or encrypted.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    pub type_id: TypeId,
    pub bytes: &'a [u8],
}

/// An item's fields: those that are encrypted, or are to be, and those that are only signed.
pub struct Fields {
    buffer: Vec<u8>,
    encrypted: Vec<(TypeId, Range<usize>)>,
    signed: Vec<(TypeId, Range<usize>)>,
}

impl Fields {
    pub fn with_capacity(encrypted: usize, signed: usize) -> Self {
        Self {
            buffer: Vec::with_capacity(1024),
            encrypted: Vec::with_capacity(encrypted),
            signed: Vec::with_capacity(signed),
        }
    }

    /// The buffer, to append a field's bytes to.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Adds an encrypted field, whose bytes are those of the buffer from `start` on.
    pub fn push_encrypted(&mut self, type_id: TypeId, start: usize) {
        self.encrypted.push((type_id, start..self.buffer.len()));
    }

    /// Adds a field that is only signed.
    pub fn push_signed(&mut self, type_id: TypeId, start: usize) {
        self.signed.push((type_id, start..self.buffer.len()));
    }

    /// How many bytes all fields have together.
    pub fn size(&self) -> usize {
        self.buffer.len()
    }

    pub fn encrypted(&self, position: usize) -> Field<'_> {
        self.field(&self.encrypted[position])
    }

    pub fn signed(&self, position: usize) -> Field<'_> {
        self.field(&self.signed[position])
    }

    pub fn all_encrypted(&self) -> impl ExactSizeIterator<Item = Field<'_>> {
        self.encrypted.iter().map(|each| self.field(each))
    }

    fn field(&self, (type_id, range): &(TypeId, Range<usize>)) -> Field<'_> {
        Field {
            type_id: *type_id,
            bytes: &self.buffer[range.clone()],
        }
    }
}
