//! What reaches a terminal, and what does not.

use std::io::Read as _;
use std::process::Stdio;

use crate::support::{Home, lora};
use entrenar::session::EntrenarSession;

/// A session that tries to write to the terminal in every text it has.
fn hostile() -> EntrenarSession {
    let evil = "\x1b[2J\x1b]0;owned\x07\u{9b}31m\u{202e}gnp\r\x08";
    let mut session = lora("-evil\x1b[31m", &format!("name{evil}"), 8)
        .with_user(evil)
        .with_dataset(evil)
        .with_config(evil, evil)
        .with_tag(evil)
        .with_notes(format!("{evil}\n{evil}"));
    session.metrics.add_custom(format!("m{evil}"), 1.0);
    session.metrics.add_custom(format!("m{evil}"), 2.0);
    session.code_history[0].source = evil.into();
    session.code_history[0].output = Some(format!("{evil}\n\x1b[31mred\x1b[0m"));
    session
}

fn is_obeyed(c: char) -> bool {
    (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c)
}

#[test]
fn no_escape_of_a_session_reaches_the_terminal() {
    let home = Home::new();
    home.session(&hostile()).session(&lora("bbbb", "calm", 4));
    let id = "-evil\x1b[31m";
    let metric = hostile().metrics.series().last().unwrap().name().to_owned();
    let commands: &[&[&str]] = &[
        &["list"],
        &["list", "--json"],
        &["list", "--sort", &metric],
        &["show", "--", id],
        &["show", "--full", "--", "-evil"],
        &["show", "--json", "--", id],
        &["plot", "--metric", &metric, "--", id, "bbbb"],
        &["compare", "--", id, "bbbb"],
        &["compare", "--json", "--", id, "bbbb"],
        &["tag", "--add", "\x1b[1m", "--", "bbbb"],
        &["rename", "bbbb", "\x1b[1m"],
        &["show", "\x1b[2J"],
        &["import", "\x1b[2J.ipynb"],
        &["list", "--where", "\x1b[2J\u{9b}"],
        &["\x1b[2J"],
        &["rm", "--yes", "--", id],
    ];
    for args in commands {
        let ran = home.run(args);
        for text in [ran.out(), ran.err()] {
            let obeyed: Vec<_> = text.chars().filter(|c| is_obeyed(*c)).collect();
            assert!(obeyed.is_empty(), "{args:?}: {obeyed:?} in {text}");
        }
    }
}

#[test]
fn escapes_are_shown_where_they_were() {
    let home = Home::new();
    home.session(&hostile());
    insta::assert_snapshot!(home.transcript(&["show", "--", "-evil"]));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = Home::new();
    let mut session = lora("long", "long", 8);
    session.code_history[0].output = Some("a line of output\n".repeat(200_000));
    home.session(&session);
    for args in [&["show", "long", "--full"][..], &["show", "long", "--json"]] {
        let mut child = home
            .command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 16];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    }
}

#[test]
fn colours_come_when_asked_for_and_go_with_no_color() {
    let home = Home::new();
    home.session(&lora("aaaa", "a", 8));
    let has_colour = |args: &[&str], variable: Option<(&str, &str)>| {
        let mut command = home.command(args);
        command.envs(variable);
        command.output().unwrap().stdout.contains(&0x1b)
    };
    assert!(!has_colour(&["show", "aaaa"], None));
    assert!(has_colour(&["show", "aaaa", "--color", "always"], None));
    assert!(!has_colour(&["show", "aaaa", "--color", "never"], None));
}

/// `script` of util-linux gives the program a terminal.
fn on_a_terminal(home: &Home, line: &str, variables: &[(&str, &str)]) -> Option<String> {
    on_columns(60, home, line, variables)
}

/// As [`on_a_terminal`], of so many columns.
fn on_columns(
    columns: usize,
    home: &Home,
    line: &str,
    variables: &[(&str, &str)],
) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_entrenar");
    let known = home.command(&[]);
    let mut command = std::process::Command::new("script");
    command
        .env_clear()
        .envs(known.get_envs().filter_map(|(k, v)| Some((k, v?))))
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "xterm-256color")
        .envs(variables.iter().copied())
        .current_dir(home.work())
        .args([
            "-qec",
            &format!("stty rows 24 cols {columns}; {program} {line}"),
            "/dev/null",
        ])
        .stdin(Stdio::null());
    match command.output() {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(error) => {
            println!("SKIPPED: no program `script` to make a terminal: {error}");
            None
        }
    }
}

#[test]
fn a_terminal_gets_colours_and_lines_that_fit() {
    let home = Home::new();
    home.session(&lora("aaaa", &"a name that is long ".repeat(8), 8));
    let Some(coloured) = on_a_terminal(&home, "list", &[]) else {
        return;
    };
    assert!(coloured.contains("\x1b[36maaaa\x1b[0m"), "{coloured:?}");
    let Some(plain) = on_a_terminal(&home, "list", &[("NO_COLOR", "1")]) else {
        return;
    };
    assert!(!plain.contains('\x1b'), "{plain:?}");
    assert!(plain.contains('…'), "{plain}");
    assert!(
        plain
            .lines()
            .all(|line| line.trim_end().chars().count() <= 60),
        "{plain}"
    );
    let Some(export) = on_a_terminal(&home, "export aaaa --format json", &[]) else {
        return;
    };
    assert!(export.contains("\"entrenar_session\""));
}

#[test]
fn numbers_are_whole_and_names_can_be_told_apart_on_a_narrow_terminal() {
    let home = Home::new();
    let mut session = lora("aaaa-64", "fine tuning of the small model", 64);
    for name in ["estimator__max_depth", "estimator__max_features"] {
        for step in 0..30 {
            session
                .metrics
                .add_custom(name, -0.001_234 * f64::from(step));
        }
    }
    home.session(&session);
    for columns in [80, 60] {
        for (line, name) in [
            ("list --where 'estimator__max_depth<1'", "fine tuning of "),
            ("show --no-cells aaaa", "estimator__max_depth "),
            ("show --no-cells aaaa", "estimator__max_features "),
        ] {
            let Some(seen) = on_columns(columns, &home, line, &[("NO_COLOR", "1")]) else {
                return;
            };
            assert!(seen.contains(name), "{columns}: {seen}");
            for line in seen.lines() {
                let cut = |word: &str| {
                    word.ends_with('…')
                        && word.starts_with(|c: char| c.is_ascii_digit() || c == '-')
                };
                assert!(
                    line.trim_end().chars().count() <= columns,
                    "{columns}: {line}"
                );
                assert!(!line.split_whitespace().any(cut), "{columns}: {line}");
            }
        }
        let show = |line: &str| on_columns(columns, &home, line, &[("NO_COLOR", "1")]);
        insta::assert_snapshot!(
            format!("list_{columns}"),
            show("list").unwrap().replace('\r', "")
        );
    }
}

#[test]
fn a_hostile_document_is_tamed_on_a_terminal_only() {
    let home = Home::new();
    home.file("plain.ipynb", "{\"nbformat\":4,\"nbformat_minor\":5,\"metadata\":{},\"cells\":[{\"cell_type\":\"raw\",\"id\":\"a\",\"metadata\":{},\"source\":\"\u{9b}2J\"}]}".as_bytes());
    let id = home.run(&["import", "plain.ipynb", "--json"]).json()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let piped = home.run(&["export", &id, "--format", "notebook"]).out();
    assert!(piped.contains('\u{9b}'));
    let line = format!("export {id} --format notebook");
    let Some(seen) = on_a_terminal(&home, &line, &[]) else {
        return;
    };
    assert!(
        seen.contains("\\u{9b}2J") && !seen.contains('\u{9b}'),
        "{seen:?}"
    );
}

/// As [`on_a_terminal`], with keys that a person types.
fn typed(home: &Home, line: &str, keys: &str) -> Option<String> {
    use std::io::Write as _;
    let program = env!("CARGO_BIN_EXE_entrenar");
    let known = home.command(&[]);
    let mut child = std::process::Command::new("script")
        .env_clear()
        .envs(known.get_envs().filter_map(|(k, v)| Some((k, v?))))
        .env("PATH", "/usr/bin:/bin")
        .current_dir(home.work())
        .args(["-qec", &format!("{program} {line}"), "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .inspect_err(|error| println!("SKIPPED: no program `script` to make a terminal: {error}"))
        .ok()?;
    child
        .stdin
        .as_mut()
        .unwrap()
        .write_all(keys.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn rm_removes_when_the_answer_is_yes() {
    let home = Home::new();
    home.session(&lora("aaaa", "one", 8));
    let count = || {
        home.run(&["list", "--json"])
            .json()
            .as_array()
            .unwrap()
            .len()
    };
    let Some(seen) = typed(&home, "rm aaaa", "n\n") else {
        return;
    };
    assert!(
        seen.contains("Remove 1 session") && seen.contains("nothing was removed"),
        "{seen}"
    );
    assert_eq!(count(), 1);
    let Some(seen) = typed(&home, "rm aaaa", "y\n") else {
        return;
    };
    assert!(seen.contains("removed"), "{seen}");
    assert_eq!(count(), 0);
}
