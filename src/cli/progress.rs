//! How far long work has come, and how it is ended early.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use super::failure::Failure;
use super::load::Context;
use super::report::terminal_width;
use super::signals::Held;
use crate::progress::Progress;

/// When to show progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Show {
    /// On a terminal, for work longer than half a second
    Auto,
    /// Always, on standard error
    Always,
    /// Never
    Never,
}

/// How long work may last without a bar.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often the bar is drawn anew.
const BETWEEN: Duration = Duration::from_millis(100);

/// Does the work on this thread while another one draws a bar and watches for signals.
///
/// A signal asks the work to stop, by `progress`. What the work gave is then dropped, which must
/// remove all that is half done, and the program ends by that signal.
pub(super) fn watch<T>(
    context: &Context,
    progress: &Progress,
    work: impl FnOnce() -> T,
) -> Result<T, Failure> {
    watch_counted(context, progress, |_| {}, work)
}

/// The same for work that does not know how much there is to do: `count` finds that out and tells
/// `progress`, on a thread of its own, if a bar is drawn. It is asked to stop when the work is done.
pub(super) fn watch_counted<T>(
    context: &Context,
    progress: &Progress,
    count: impl FnOnce(&Progress) + Send,
    work: impl FnOnce() -> T,
) -> Result<T, Failure> {
    let held = Held::new();
    let (end, ended) = channel::<()>();
    let (draw, drawn) = channel::<()>();
    let counting = Progress::default();
    let result = std::thread::scope(|scope| {
        let (watched, signals) = (progress, &held);
        let watcher = move || Watcher::new(context, watched, signals, draw).run(&ended);
        // Without the other threads the work is done unwatched, or without an end in sight.
        let _ = std::thread::Builder::new().spawn_scoped(scope, watcher);
        let stop = &counting;
        let counter = move || {
            if drawn.recv().is_ok() {
                count(stop);
            }
        };
        let _ = std::thread::Builder::new().spawn_scoped(scope, counter);
        let result = work();
        counting.stop();
        drop(end);
        result
    });
    match held.caught() {
        Some(signal) => Err(Failure::Signal(signal)),
        None => Ok(result),
    }
}

/// What the other thread does.
struct Watcher<'w> {
    progress: &'w Progress,
    held: &'w Held,
    patience: Option<Duration>,
    bar: Option<ProgressBar>,
    /// Hears when the bar is drawn first.
    drawn: Sender<()>,
}

impl<'w> Watcher<'w> {
    fn new(context: &Context, progress: &'w Progress, held: &'w Held, drawn: Sender<()>) -> Self {
        let patience = match context.progress {
            Show::Auto if io::stderr().is_terminal() && !context.report.is_quiet() => {
                Some(PATIENCE)
            }
            Show::Always => Some(Duration::ZERO),
            Show::Auto | Show::Never => None,
        };
        Self { progress, held, patience, bar: None, drawn }
    }

    /// Draws and watches until the other end of `ended` is dropped.
    fn run(mut self, ended: &Receiver<()>) {
        let start = Instant::now();
        if self.patience == Some(Duration::ZERO) {
            self.draw(start);
        }
        while ended.recv_timeout(BETWEEN) == Err(RecvTimeoutError::Timeout) {
            if self.held.caught().is_some() {
                self.progress.stop();
            }
            if self.patience.is_some_and(|patience| start.elapsed() >= patience) {
                self.draw(start);
            }
        }
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }

    fn draw(&mut self, start: Instant) {
        let bar = self.bar.get_or_insert_with(|| {
            // Nobody waits for it if there is nothing to count.
            let _ = self.drawn.send(());
            let target = ProgressDrawTarget::term_like(Box::new(Stderr));
            ProgressBar::with_draw_target(None, target).with_elapsed(start.elapsed())
        });
        let (files, total) = (self.progress.files(), self.progress.total_files());
        let bytes = self.progress.total_bytes();
        let (files, template) = if bytes == 0 {
            (format!("{files} files"), WITHOUT_TOTAL)
        } else {
            (format!("{files} of {total} files"), WITH_TOTAL)
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if bytes > 0 {
            bar.set_length(bytes);
        }
        bar.set_message(files);
        bar.set_position(self.progress.bytes());
        bar.tick();
    }
}

const WITHOUT_TOTAL: &str = "{spinner} {msg}, {binary_bytes}, {binary_bytes_per_sec}";
const WITH_TOTAL: &str = "[{bar:25}] {msg}, {binary_bytes} of {binary_total_bytes}, \
                          {binary_bytes_per_sec}, {eta} left";

/// Standard error as a terminal, whether it is one or not.
#[derive(Debug)]
struct Stderr;

impl Stderr {
    fn move_cursor(n: usize, direction: char) -> io::Result<()> {
        if n == 0 { Ok(()) } else { write!(io::stderr(), "\x1b[{n}{direction}") }
    }
}

impl TermLike for Stderr {
    fn width(&self) -> u16 {
        terminal_width().and_then(|columns| u16::try_from(columns).ok()).unwrap_or(80)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        Self::move_cursor(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        Self::move_cursor(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        Self::move_cursor(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        Self::move_cursor(n, 'D')
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        writeln!(io::stderr(), "{line}")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        write!(io::stderr(), "{text}")
    }

    fn clear_line(&self) -> io::Result<()> {
        write!(io::stderr(), "\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        io::stderr().flush()
    }
}
