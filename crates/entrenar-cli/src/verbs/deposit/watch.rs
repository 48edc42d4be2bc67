//! Progress on a terminal.

use std::ops::ControlFlow;

use entrenar::research::archive::{ArchiveError, DepositState, LocalFile, Watch};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::told;

/// A bar for the file that is sent, and a line for the step.
#[derive(Debug)]
pub(super) struct Bars {
    bar: ProgressBar,
}

impl Bars {
    pub(super) fn new(shown: bool) -> Self {
        let bar = ProgressBar::new(0);
        if !shown {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let template = "{bar:24} {bytes}/{total_bytes}  {bytes_per_sec}  {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        Self { bar }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Watch for Bars {
    fn reached(&mut self, state: &DepositState) {
        self.bar.set_message(told::step_in_words(state.step));
    }

    fn sending(&mut self, file: &LocalFile, there: u64) {
        self.bar.set_length(file.size);
        self.bar.set_position(there);
        self.bar.reset_eta();
        self.bar.set_message(file.name.clone());
    }

    fn sent(&mut self, bytes: u64) -> ControlFlow<()> {
        self.bar.inc(bytes);
        ControlFlow::Continue(())
    }

    fn again(&mut self, error: &ArchiveError) {
        self.bar.set_message(format!("again: {error}"));
    }
}
