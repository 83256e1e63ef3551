//! Big-endian numbers and length-prefixed bytes, of which every structure of the format consists.

use crate::Unusual;

/// Reads bytes from start to end, and never past the end.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn remaining(&self) -> &'a [u8] {
        self.rest
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Unusual> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Unusual)?;
        self.rest = rest;
        Ok(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Unusual> {
        self.take(N)?.try_into().map_err(|_| Unusual)
    }

    pub fn byte(&mut self) -> Result<u8, Unusual> {
        Ok(self.array::<1>()?[0])
    }

    /// Reads a number of two bytes.
    pub fn short(&mut self) -> Result<usize, Unusual> {
        Ok(u16::from_be_bytes(self.array()?).into())
    }

    /// Reads a number of four bytes.
    pub fn long(&mut self) -> Result<usize, Unusual> {
        usize::try_from(u32::from_be_bytes(self.array()?)).map_err(|_| Unusual)
    }

    /// Reads a length of two bytes, and then that many bytes.
    pub fn sized_by_short(&mut self) -> Result<&'a [u8], Unusual> {
        let length = self.short()?;
        self.take(length)
    }

    /// Reads a length of four bytes, and then that many bytes.
    pub fn sized_by_long(&mut self) -> Result<&'a [u8], Unusual> {
        let length = self.long()?;
        self.take(length)
    }

    /// Checks that nothing is left.
    pub fn end(&self) -> Result<(), Unusual> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Unusual)
        }
    }
}

/// Appends bytes after their length in two bytes.
pub fn write_sized_by_short(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Unusual> {
    out.extend_from_slice(
        &u16::try_from(bytes.len())
            .map_err(|_| Unusual)?
            .to_be_bytes(),
    );
    out.extend_from_slice(bytes);
    Ok(())
}

/// Appends a length or a count in four bytes.
pub fn write_long(out: &mut Vec<u8>, number: usize) -> Result<(), Unusual> {
    out.extend_from_slice(&u32::try_from(number).map_err(|_| Unusual)?.to_be_bytes());
    Ok(())
}
