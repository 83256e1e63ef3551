//! Many items in one call: the GIL is released once for a chunk of them.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::Unusual;
use crate::fields::Fields;
use crate::plan::{Plan, SIGNATURE_WORK, Stored, Wrapper, released};
use crate::sealing::Sealed;

/// How many items are held at once: other threads get the GIL between any two chunks.
const CHUNK: usize = 128;

/// A stored item's bytes, which need no Python.
pub struct Job<'a> {
    pub fields: &'a mut Fields,
    pub header: &'a [u8],
    pub footer: &'a [u8],
}

impl<'a> Job<'a> {
    pub fn of(stored: &'a mut Stored<'_>) -> Self {
        Self {
            fields: &mut stored.fields,
            header: stored.header.as_bytes(),
            footer: stored.footer.as_bytes(),
        }
    }

    pub fn work(&self) -> usize {
        let is_signed = self.header.get(1) == Some(&1);
        self.fields.size() + if is_signed { SIGNATURE_WORK } else { 0 }
    }
}

/// An item's plan, the item, and how its data key is wrapped; the item's place in the result stays None without.
type Parts<'py> = Option<(Bound<'py, Plan>, Bound<'py, PyAny>, Bound<'py, Wrapper>)>;
type Items<'py> = PyResult<Bound<'py, PyList>>;

/// Encrypt items; the result has None for each that Python's engine must decide about.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "Python's arguments are converted"
)]
pub fn encrypt_many<'py>(py: Python<'py>, items: Vec<Parts<'py>>, is_signed: bool) -> Items<'py> {
    let result = PyList::empty(py);
    for chunk in items.chunks(CHUNK) {
        let mut taken: Vec<_> = chunk.iter().map(|each| plaintext(py, each)).collect();
        let mut work = 0;
        let mut jobs = Vec::with_capacity(CHUNK);
        for each in &mut taken {
            jobs.push(each.as_mut().ok().map(|(plan, _, wrapper, fields)| {
                work += fields.size() + if is_signed { SIGNATURE_WORK } else { 0 };
                (plan.get(), wrapper.get(), fields)
            }));
        }
        let sealed: Vec<Option<Sealed>> = released(py, work, || {
            let seal = |job: Option<(&Plan, &Wrapper, &mut Fields)>| {
                let (plan, wrapper, fields) = job?;
                plan.seal_under(fields, &wrapper.0, is_signed).ok()
            };
            jobs.into_iter().map(seal).collect()
        });
        for (each, sealed) in taken.iter().zip(&sealed) {
            let stored = match (each, sealed) {
                (Ok((plan, item, _, fields)), Some(sealed)) => {
                    plan.get().stored_item(py, item, fields, sealed).ok()
                }
                _ => None,
            };
            result.append(stored)?;
        }
    }
    Ok(result)
}

type Taken<'a, 'py, T> = Result<
    (
        &'a Bound<'py, Plan>,
        &'a Bound<'py, PyDict>,
        &'a Bound<'py, Wrapper>,
        T,
    ),
    Unusual,
>;

fn plaintext<'a, 'py>(py: Python<'py>, parts: &'a Parts<'py>) -> Taken<'a, 'py, Fields> {
    let (plan, item, wrapper) = parts.as_ref().ok_or(Unusual)?;
    let item = item.cast_exact::<PyDict>().map_err(|_| Unusual)?;
    Ok((plan, item, wrapper, plan.get().read_plaintext(py, item)?))
}

fn stored<'a, 'py>(py: Python<'py>, parts: &'a Parts<'py>) -> Taken<'a, 'py, Stored<'py>> {
    let (plan, item, wrapper) = parts.as_ref().ok_or(Unusual)?;
    let item = item.cast_exact::<PyDict>().map_err(|_| Unusual)?;
    Ok((plan, item, wrapper, plan.get().read_stored(py, item)?))
}

/// Verify and decrypt items; the result has None for each that Python's engine must decide about.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "Python's arguments are converted"
)]
pub fn decrypt_many<'py>(py: Python<'py>, items: Vec<Parts<'py>>) -> Items<'py> {
    let result = PyList::empty(py);
    for chunk in items.chunks(CHUNK) {
        let mut taken: Vec<_> = chunk.iter().map(|each| stored(py, each)).collect();
        let mut work = 0;
        let mut jobs = Vec::with_capacity(CHUNK);
        for each in &mut taken {
            jobs.push(each.as_mut().ok().map(|(plan, _, wrapper, stored)| {
                let job = Job::of(stored);
                work += job.work();
                (plan.get(), wrapper.get(), job)
            }));
        }
        let are_valid: Vec<bool> = released(py, work, || {
            let unseal = |job: Option<(&Plan, &Wrapper, Job<'_>)>| {
                job.is_some_and(|(plan, wrapper, mut job)| {
                    plan.unseal_under(&mut job, &wrapper.0).is_ok()
                })
            };
            jobs.into_iter().map(unseal).collect()
        });
        for (each, is_valid) in taken.iter().zip(are_valid) {
            let plaintext = match each {
                Ok((plan, item, _, stored)) if is_valid => {
                    plan.get().plaintext_item(py, item, &stored.fields).ok()
                }
                _ => None,
            };
            result.append(plaintext)?;
        }
    }
    Ok(result)
}
