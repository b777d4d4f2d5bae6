//! Signals that end the program: told to the work, obeyed when it has cleaned up.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

/// What the handlers write.
#[derive(Debug)]
struct Flags {
    /// The signal that came; 0 for none.
    caught: Arc<AtomicUsize>,
    /// Whether a signal ends the program at once, as it does while nothing needs cleaning up, and as
    /// the second one always does.
    at_once: Arc<AtomicBool>,
}

static FLAGS: OnceLock<Flags> = OnceLock::new();

impl Flags {
    /// Sets up the handlers.
    fn new() -> Self {
        let flags = Self { caught: Arc::default(), at_once: Arc::new(AtomicBool::new(true)) };
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            let number = usize::try_from(signal).unwrap_or_default();
            // A signal without a handler ends the program at once, which leaves nothing wrong behind.
            let _ = flag::register_conditional_default(signal, flags.at_once.clone());
            let _ = flag::register(signal, flags.at_once.clone());
            let _ = flag::register_usize(signal, flags.caught.clone(), number);
        }
        flags
    }
}

/// Holds signals back as long as it lives.
#[derive(Debug)]
pub(super) struct Held(&'static Flags);

impl Held {
    pub(super) fn new() -> Self {
        let flags = FLAGS.get_or_init(Flags::new);
        flags.at_once.store(false, Ordering::Relaxed);
        Self(flags)
    }

    /// The signal that came.
    pub(super) fn caught(&self) -> Option<i32> {
        let number = self.0.caught.load(Ordering::Relaxed);
        i32::try_from(number).ok().filter(|&signal| signal > 0)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.at_once.store(true, Ordering::Relaxed);
    }
}

/// Ends the program as the signal would have done. Returns only if that fails.
pub(super) fn die_of(signal: i32) {
    let _ = low_level::emulate_default_handler(signal);
}
