//! The native engine of dynaseal: encrypts and decrypts whole items, with the same bytes as Python's engine.
//!
//! It does the usual case, and returns `None` for everything else: a value of an unusual Python type, a keyring
//! that it does not know, an item that does not verify. Python's engine then decides, and words the error. So
//! the two never differ in what they accept, and there is one place for error messages.
//!
//! No Rust code of this crate is unsafe. Keys are wiped from memory when they are dropped.

mod bytes;
mod context;
mod fields;
mod hashing;
mod header;
mod materials;
mod numbers;
mod plan;
mod primitives;
mod sealing;
mod signatures;
mod values;
mod whole_items;
mod wrapping;

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

/// What the engine does not decide about: Python's engine does. It says nothing more, so that nothing leaks.
#[derive(Debug, Clone, Copy)]
pub struct Unusual;

impl From<PyErr> for Unusual {
    fn from(_: PyErr) -> Self {
        Self
    }
}

impl From<Unusual> for PyErr {
    fn from(_: Unusual) -> Self {
        PyValueError::new_err("not a case for the native engine")
    }
}

/// A version and a legend, and the id and version of the first branch key that wrapped the data key.
type Peeked<'py> = (
    u8,
    Bound<'py, PyBytes>,
    Option<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)>,
);

/// Return what a stored item's header says about how to read it; None if Python's engine must decide.
#[pyfunction]
fn peek<'py>(py: Python<'py>, item: &Bound<'py, PyAny>) -> Option<Peeked<'py>> {
    let item = item.cast_exact::<PyDict>().ok()?;
    let head = plan::format_attribute(item, intern!(py, "aws_dbe_head")).ok()?;
    let parsed = header::parse(head.as_bytes()).ok()?;
    let branch_key = parsed.data_keys.iter().find_map(wrapping::branch_key_of);
    Some((
        parsed.version,
        PyBytes::new(py, parsed.legend),
        branch_key.map(|(id, version)| (PyBytes::new(py, id), PyBytes::new(py, version))),
    ))
}

/// The version of the interface between Python's part of dynaseal and this engine.
const INTERFACE: u32 = 2;

#[pymodule]
fn dynaseal_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("INTERFACE", INTERFACE)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<plan::Plan>()?;
    module.add_class::<plan::Wrapper>()?;
    module.add_function(wrap_pyfunction!(whole_items::encrypt_many, module)?)?;
    module.add_function(wrap_pyfunction!(whole_items::decrypt_many, module)?)?;
    module.add_function(wrap_pyfunction!(peek, module)?)
}
