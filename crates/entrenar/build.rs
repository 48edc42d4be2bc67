//! Keeps the version of the compiler, which a recorder writes down.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_RECORD").is_none() {
        return;
    }
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(rustc).arg("--version").output();
    if let Ok(said) = said
        && let Ok(text) = String::from_utf8(said.stdout)
        && let Some(version) = text.trim().strip_prefix("rustc ")
    {
        println!("cargo::rustc-env=ENTRENAR_RUSTC={version}");
    }
}
