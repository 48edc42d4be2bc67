//! Ruchy sessions as scripts, run by the real `ruchy` (written with 4.2.1).
//!
//! Set `ENTRENAR_RUCHY` to the program where it is not on the path.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a panic is how a test fails, a line of text how it is skipped"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::DateTime;
use entrenar::export::ruchy_script::{is_ruchy, script};
use entrenar::session::*;

fn cell(session: &mut EntrenarSession, source: &str, result: Result<&str, &str>) {
    let order = u32::try_from(session.code_history.len()).unwrap() + 1;
    let (outputs, error) = match result {
        Ok("") => (Vec::new(), None),
        Ok(text) => (vec![output::result(None, text)], None),
        Err(message) => (
            vec![output::error("", message, &[])],
            Some(CellError {
                message: message.into(),
                ..CellError::default()
            }),
        ),
    };
    session.add_recorded_cell(
        CodeCell {
            execution_order: order,
            source: source.into(),
            output: None,
            timestamp: DateTime::UNIX_EPOCH,
            duration_ms: None,
        },
        CellRecord {
            outputs,
            error,
            ..CellRecord::default()
        },
    );
}

fn session(cells: &[(&str, Result<&str, &str>)]) -> EntrenarSession {
    let mut session = EntrenarSession::empty("s", "A session\nwith */ odd \u{1b} name");
    session.source = Some(SourceInfo {
        name: Some("a.replay".into()),
        format: SourceFormat::RuchyReplay,
        sha256: Sha256Hash::of(b""),
        size: 0,
    });
    for (source, result) in cells {
        cell(&mut session, source, *result);
    }
    session
}

const CELLS: [(&str, Result<&str, &str>); 11] = [
    ("let losses = [1.0, 2.0]", Ok("[1.0, 2.0]")),
    ("losses // a list", Ok("[1.0, 2.0]")),
    ("[3, 4]", Ok("[3, 4]")),
    ("-1;", Ok("-1")),
    ("(1 + 2)", Ok("3")),
    ("// only a comment", Ok("nil")),
    ("1 / 0", Err("Division by zero")),
    ("let y = ", Err("Unexpected end\nof input")),
    (":vars", Ok("a = 1")),
    ("fun f(x) {\r\n    x + 1\r\n}", Ok("<function>")),
    ("while true { }", Ok("")),
];

#[test]
fn what_ran_is_code_and_the_rest_is_commented() {
    let session = session(&CELLS);
    assert!(is_ruchy(&session));
    insta::assert_snapshot!(String::from_utf8(script(&session)).unwrap());
}

fn ruchy() -> Option<PathBuf> {
    let program = std::env::var_os("ENTRENAR_RUCHY").map_or("ruchy".into(), PathBuf::from);
    if Command::new(&program).arg("--version").output().is_ok() {
        Some(program)
    } else {
        println!("SKIPPED: no ruchy program; set ENTRENAR_RUCHY");
        None
    }
}

fn run(program: &Path, script: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session.ruchy");
    entrenar::files::write_atomic(&file, script).unwrap();
    let output = Command::new(program).arg(&file).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{}\n{stdout}{}",
        String::from_utf8_lossy(script),
        String::from_utf8_lossy(&output.stderr)
    );
    stdout
}

#[test]
fn the_script_runs() {
    let Some(ruchy) = ruchy() else { return };
    let mut session = session(&CELLS);
    cell(&mut session, "println(f(41))", Ok("nil"));
    assert_eq!(run(&ruchy, &script(&session)), "42\n");
    run(&ruchy, &script(&self::session(&[])));
    run(&ruchy, &script(&self::session(&CELLS[6..9])));
}

#[cfg(feature = "ruchy-sessions")]
#[test]
fn scripts_of_real_recordings_print_what_was_recorded() {
    use entrenar::bridge::{Limits, read_file};

    let Some(ruchy) = ruchy() else { return };
    let corpus = std::env::var_os("ENTRENAR_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    let Ok(entries) = std::fs::read_dir(corpus.join("ruchy")) else {
        println!("SKIPPED: no recordings; set ENTRENAR_CORPUS");
        return;
    };
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "replay"))
        // Made by hand: it uses a variable that it does not define.
        .filter(|path| !path.to_string_lossy().contains("synthetic"))
        .collect();
    files.sort();
    assert!(files.len() > 5);
    for file in files {
        let session = read_file(&file, Limits::default()).unwrap().session;
        let printed = run(&ruchy, &script(&session));
        if file.ends_with("lib421_rec_train_gd.replay") {
            assert!(printed.contains("epoch 20 loss=") && printed.lines().count() == 23);
        }
    }
}
