//! The `entrenar` command: keep, look at, and preserve training sessions.

mod anonymity;
mod app;
mod bound;
mod cells;
mod cited;
mod errors;
mod figures;
mod gate;
mod git;
mod input;
mod keys;
mod metadata;
mod packing;
mod plot;
mod reader;
mod save;
mod series;
mod shell;
mod statement;
mod store_path;
mod styled;
mod summary;
mod table;
mod term;
mod verbs;
mod when;

use std::process::ExitCode;

use app::Invocation;

/// Imports are a tenth faster with it: readers on several threads make many small values, which
/// the writer frees.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    errors::install_bug_note();
    let (mut app, verb) = match app::parse(std::env::args_os()) {
        Invocation::Run { app, verb } => (*app, *verb),
        Invocation::Answered(exit) => return exit.into(),
    };
    let done = verb.run(&mut app);
    app.finish(done).into()
}
