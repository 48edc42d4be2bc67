//! Pages of real notebooks.

#![cfg(feature = "preserve")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a panic is how a test fails, a line of text how it is skipped"
)]

use std::path::{Path, PathBuf};

use entrenar::bridge::{Limits, read_file};
use entrenar::preserve::{self, PreserveOptions};

fn notebooks() -> Vec<PathBuf> {
    let corpus = std::env::var_os("ENTRENAR_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    let Ok(entries) = std::fs::read_dir(corpus.join("notebooks")) else {
        println!("SKIPPED: no notebooks; set ENTRENAR_CORPUS");
        return Vec::new();
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "ipynb"));
    files.sort();
    files
}

/// Writes the pages where `ENTRENAR_PAGES` says, to be looked at.
#[test]
fn pages_to_look_at() {
    let Some(folder) = std::env::var_os("ENTRENAR_PAGES").map(PathBuf::from) else {
        return;
    };
    for file in notebooks() {
        let started = std::time::Instant::now();
        let read = read_file(&file, Limits::default()).unwrap();
        let made = preserve::build(
            &read.session,
            Some(&read.source),
            &PreserveOptions::default(),
        )
        .unwrap();
        let page = made.file("index.html").unwrap();
        println!(
            "{:>9} of {:>9} bytes, {:?} {}",
            page.len(),
            read.source.len(),
            started.elapsed(),
            file.display()
        );
        for secret in &made.secrets {
            println!("    {secret:?}");
        }
        let name = file.file_stem().unwrap().to_str().unwrap();
        entrenar::files::write_atomic(&folder.join(format!("{name}.html")), page).unwrap();
    }
}
