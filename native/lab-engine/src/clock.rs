//! The lab's clock: the machine's, moved forward.

use std::sync::Mutex;
use std::sync::PoisonError;

use dynoxide::storage_backend::{Clock, SystemClock};

/// The machine's time plus an advance.
#[derive(Debug, Default)]
pub struct LabClock {
    seconds_ahead: Mutex<f64>,
}

impl LabClock {
    /// Set how far this clock is ahead of the machine's.
    pub fn set_ahead(&self, seconds: f64) {
        *self
            .seconds_ahead
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = seconds;
    }

    fn ahead(&self) -> f64 {
        *self
            .seconds_ahead
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for LabClock {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole seconds since 1970, far below 2^64"
    )]
    fn now_unix_secs(&self) -> u64 {
        self.now_unix_secs_f64() as u64
    }

    fn now_unix_secs_f64(&self) -> f64 {
        SystemClock.now_unix_secs_f64() + self.ahead()
    }
}
