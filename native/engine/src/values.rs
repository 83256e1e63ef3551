//! Attribute values between Python's objects and the format's bytes.
//!
//! Only the exact types that boto3 produces are converted: `dict`, `list`, `str`, `bytes` and `bool`. Every other
//! type, and everything that the format cannot hold, is `Unusual`: Python's engine then converts or refuses it.
//! The rules are those of `dynaseal/core/values`.

use std::borrow::Cow;
use std::cmp::Ordering;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyList, PyString};

use crate::Unusual;
use crate::bytes::{Reader, write_long};
use crate::numbers::normalize;

/// A type id: two bytes.
pub type TypeId = [u8; 2];

pub const NULL: TypeId = [0x00, 0x00];
pub const STRING: TypeId = [0x00, 0x01];
pub const NUMBER: TypeId = [0x00, 0x02];
pub const BOOLEAN: TypeId = [0x00, 0x04];
pub const BINARY: TypeId = [0xff, 0xff];
const STRING_SET: TypeId = [0x01, 0x01];
const NUMBER_SET: TypeId = [0x01, 0x02];
const BINARY_SET: TypeId = [0x01, 0xff];
const MAP: TypeId = [0x02, 0x00];
const LIST: TypeId = [0x03, 0x00];

/// The level of the values inside a top-level value.
pub const SECOND_LEVEL: u32 = 2;
const MAX_DEPTH: u32 = 32;
const MAX_NAME_LENGTH: usize = 65_535;
const ENTRY_HEAD_LENGTH: usize = 6;

/// What a conversion gives, or that Python's engine must convert or refuse the value.
type Converted<T> = Result<T, Unusual>;

/// Appends the bytes of an attribute value, and returns its type id.
///
/// `depth` is the level of the values that it holds.
pub fn write(value: &Bound<'_, PyAny>, depth: u32, out: &mut Vec<u8>) -> Converted<TypeId> {
    let (kind, content) = only_entry(value)?;
    match string(&kind)? {
        "S" => Ok(write_bytes(string(&content)?.as_bytes(), STRING, out)),
        "N" => Ok(write_bytes(
            normalize(string(&content)?)?.as_bytes(),
            NUMBER,
            out,
        )),
        "B" => Ok(write_bytes(binary(&content)?, BINARY, out)),
        "BOOL" => Ok(write_bytes(&[u8::from(boolean(&content)?)], BOOLEAN, out)),
        "NULL" if boolean(&content)? => Ok(NULL),
        "SS" => write_string_set(&content, out),
        "NS" => write_number_set(&content, out),
        "BS" => write_binary_set(&content, out),
        "L" => write_list(&content, depth, out),
        "M" => write_map(&content, depth, out),
        _ => Err(Unusual),
    }
}

/// Returns the attribute value that a type id and bytes stand for.
pub fn read<'py>(
    py: Python<'py>,
    type_id: TypeId,
    bytes: &[u8],
    depth: u32,
) -> Converted<Bound<'py, PyDict>> {
    let value = PyDict::new(py);
    match type_id {
        STRING => value.set_item(intern!(py, "S"), read_string(py, bytes)?),
        NUMBER => value.set_item(intern!(py, "N"), read_number(py, bytes)?),
        BINARY => value.set_item(intern!(py, "B"), PyBytes::new(py, bytes)),
        BOOLEAN => value.set_item(intern!(py, "BOOL"), read_boolean(bytes)?),
        NULL if bytes.is_empty() => value.set_item(intern!(py, "NULL"), true),
        STRING_SET => value.set_item(intern!(py, "SS"), read_set(py, bytes, read_string)?),
        NUMBER_SET => value.set_item(intern!(py, "NS"), read_set(py, bytes, read_number)?),
        BINARY_SET => value.set_item(intern!(py, "BS"), read_set(py, bytes, read_binary)?),
        LIST => value.set_item(intern!(py, "L"), read_list(py, bytes, depth)?),
        MAP => value.set_item(intern!(py, "M"), read_map(py, bytes, depth)?),
        _ => return Err(Unusual),
    }?;
    Ok(value)
}

/// Returns the bytes of a `{"B": ...}` value.
pub fn binary_content<'py>(value: &Bound<'py, PyAny>) -> Converted<Bound<'py, PyBytes>> {
    let (kind, content) = only_entry(value)?;
    if string(&kind)? != "B" {
        return Err(Unusual);
    }
    content.cast_into_exact().map_err(|_| Unusual)
}

fn only_entry<'py>(value: &Bound<'py, PyAny>) -> Converted<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let dict = value.cast_exact::<PyDict>().map_err(|_| Unusual)?;
    if dict.len() != 1 {
        return Err(Unusual);
    }
    dict.iter().next().ok_or(Unusual)
}

fn string<'a>(object: &'a Bound<'_, PyAny>) -> Converted<&'a str> {
    // A string with a lone surrogate has no UTF-8.
    Ok(object
        .cast_exact::<PyString>()
        .map_err(|_| Unusual)?
        .to_str()?)
}

fn binary<'a>(object: &'a Bound<'_, PyAny>) -> Converted<&'a [u8]> {
    Ok(object
        .cast_exact::<PyBytes>()
        .map_err(|_| Unusual)?
        .as_bytes())
}

fn boolean(object: &Bound<'_, PyAny>) -> Converted<bool> {
    Ok(object
        .cast_exact::<PyBool>()
        .map_err(|_| Unusual)?
        .is_true())
}

fn members<'py>(object: &Bound<'py, PyAny>) -> Converted<Vec<Bound<'py, PyAny>>> {
    Ok(object
        .cast_exact::<PyList>()
        .map_err(|_| Unusual)?
        .iter()
        .collect())
}

fn write_bytes(bytes: &[u8], type_id: TypeId, out: &mut Vec<u8>) -> TypeId {
    out.extend_from_slice(bytes);
    type_id
}

fn write_string_set(content: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> Converted<TypeId> {
    let held = members(content)?;
    let mut strings = held.iter().map(string).collect::<Converted<Vec<_>>>()?;
    strings.sort_unstable_by(|a, b| utf16_order(a, b));
    write_set(&strings, out)?;
    Ok(STRING_SET)
}

fn write_number_set(content: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> Converted<TypeId> {
    let held = members(content)?;
    let mut numbers = held
        .iter()
        .map(|member| normalize(string(member)?))
        .collect::<Converted<Vec<Cow<'_, str>>>>()?;
    numbers.sort_unstable();
    write_set(
        &numbers.iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
        out,
    )?;
    Ok(NUMBER_SET)
}

fn write_binary_set(content: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> Converted<TypeId> {
    let held = members(content)?;
    let mut binaries = held.iter().map(binary).collect::<Converted<Vec<_>>>()?;
    binaries.sort_unstable();
    write_set(&binaries, out)?;
    Ok(BINARY_SET)
}

/// Appends the members of a set, which are in order, so that equal ones are neighbours.
fn write_set<T: AsRef<[u8]> + PartialEq>(members: &[T], out: &mut Vec<u8>) -> Converted<()> {
    if members.is_empty() || members.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Unusual);
    }
    write_long(out, members.len())?;
    for member in members {
        write_long(out, member.as_ref().len())?;
        out.extend_from_slice(member.as_ref());
    }
    Ok(())
}

fn write_list(content: &Bound<'_, PyAny>, depth: u32, out: &mut Vec<u8>) -> Converted<TypeId> {
    let held = members(content)?;
    if depth > MAX_DEPTH && !held.is_empty() {
        return Err(Unusual);
    }
    write_long(out, held.len())?;
    for member in &held {
        write_entry(member, depth, out)?;
    }
    Ok(LIST)
}

fn write_map(content: &Bound<'_, PyAny>, depth: u32, out: &mut Vec<u8>) -> Converted<TypeId> {
    let dict = content.cast_exact::<PyDict>().map_err(|_| Unusual)?;
    if depth > MAX_DEPTH && !dict.is_empty() {
        return Err(Unusual);
    }
    let held: Vec<_> = dict.iter().collect();
    let mut entries = held
        .iter()
        .map(|(name, value)| Ok((string(name)?, value)))
        .collect::<Converted<Vec<_>>>()?;
    entries.sort_unstable_by(|(a, _), (b, _)| utf16_order(a, b));
    write_long(out, entries.len())?;
    for (name, value) in entries {
        if name.is_empty() || name.len() > MAX_NAME_LENGTH {
            return Err(Unusual);
        }
        out.extend_from_slice(&STRING);
        write_long(out, name.len())?;
        out.extend_from_slice(name.as_bytes());
        write_entry(value, depth, out)?;
    }
    Ok(MAP)
}

/// Appends a member of a list or map: its type id, its length and its bytes.
fn write_entry(value: &Bound<'_, PyAny>, depth: u32, out: &mut Vec<u8>) -> Converted<()> {
    let start = out.len();
    let content = start + ENTRY_HEAD_LENGTH;
    out.resize(content, 0);
    let type_id = write(value, depth + 1, out)?;
    let length = u32::try_from(out.len() - content).map_err(|_| Unusual)?;
    out[start..start + 2].copy_from_slice(&type_id);
    out[start + 2..content].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// The order of strings by UTF-16 code units, in which U+10000 and above precede U+E000.
fn utf16_order(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        a.cmp(b)
    } else {
        a.encode_utf16().cmp(b.encode_utf16())
    }
}

fn read_string<'py>(py: Python<'py>, bytes: &[u8]) -> Converted<Bound<'py, PyAny>> {
    Ok(PyString::new(py, std::str::from_utf8(bytes).map_err(|_| Unusual)?).into_any())
}

fn read_number<'py>(py: Python<'py>, bytes: &[u8]) -> Converted<Bound<'py, PyAny>> {
    let number = std::str::from_utf8(bytes).map_err(|_| Unusual)?;
    if normalize(number)? != number {
        return Err(Unusual);
    }
    Ok(PyString::new(py, number).into_any())
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "one of three functions of the same type"
)]
fn read_binary<'py>(py: Python<'py>, bytes: &[u8]) -> Converted<Bound<'py, PyAny>> {
    Ok(PyBytes::new(py, bytes).into_any())
}

fn read_boolean(bytes: &[u8]) -> Converted<bool> {
    match bytes {
        [0] => Ok(false),
        [1] => Ok(true),
        _ => Err(Unusual),
    }
}

type ReadMember = for<'py> fn(Python<'py>, &[u8]) -> Converted<Bound<'py, PyAny>>;

fn read_set<'py>(
    py: Python<'py>,
    bytes: &[u8],
    read_member: ReadMember,
) -> Converted<Bound<'py, PyList>> {
    let mut reader = Reader::new(bytes);
    let count = reader.long()?;
    let set = PyList::empty(py);
    let mut members = Vec::new();
    for _ in 0..count {
        members.push(reader.sized_by_long()?);
        set.append(read_member(py, members[members.len() - 1])?)?;
    }
    reader.end()?;
    // Members may come in any order: AWS's early releases did not sort them.
    members.sort_unstable();
    if members.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Unusual);
    }
    Ok(set)
}

fn read_list<'py>(py: Python<'py>, bytes: &[u8], depth: u32) -> Converted<Bound<'py, PyList>> {
    let mut reader = Reader::new(bytes);
    let count = reader.long()?;
    if depth > MAX_DEPTH && count > 0 {
        return Err(Unusual);
    }
    let list = PyList::empty(py);
    for _ in 0..count {
        let type_id = reader.array()?;
        list.append(read(py, type_id, reader.sized_by_long()?, depth + 1)?)?;
    }
    reader.end()?;
    Ok(list)
}

fn read_map<'py>(py: Python<'py>, bytes: &[u8], depth: u32) -> Converted<Bound<'py, PyDict>> {
    let mut reader = Reader::new(bytes);
    let count = reader.long()?;
    if depth > MAX_DEPTH && count > 0 {
        return Err(Unusual);
    }
    let map = PyDict::new(py);
    for _ in 0..count {
        if reader.array()? != STRING {
            return Err(Unusual);
        }
        let name = read_string(py, reader.sized_by_long()?)?;
        let type_id = reader.array()?;
        map.set_item(name, read(py, type_id, reader.sized_by_long()?, depth + 1)?)?;
    }
    reader.end()?;
    if map.len() == count {
        Ok(map)
    } else {
        Err(Unusual)
    }
}
