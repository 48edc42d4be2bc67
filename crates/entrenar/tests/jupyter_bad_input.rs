//! What is not JSON, not UTF-8, or not a notebook; the forms are those of Python 3.11's `json`
//! and of editors that save in other encodings.

#![expect(
    clippy::indexing_slicing,
    reason = "a test fails where a part is missing"
)]

mod jupyter_support;

use entrenar::bridge::{self, BridgeError, Limits, Position, SourceContext, json};
use entrenar::session::{EntrenarSession, Place, WarningKind};

use jupyter_support::{context, messages, own_notebooks, read, sources, try_read};

const SMALL: &str = r#"{
 "cells": [
  {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [
    {"output_type": "stream", "name": "stdout", "text": ["loss=0.5 \u00e9\n", "caf\u00e9"]}],
   "source": "print('é', 1e3, -2.5, true, null)"}
 ],
 "metadata": {"k": [1, 2]}, "nbformat": 4, "nbformat_minor": 4
}
"#;

fn json_position(error: &BridgeError) -> Position {
    match error {
        BridgeError::Json { position, .. } => *position,
        other => panic!("{other}"),
    }
}

fn with_output(output: &str) -> String {
    format!(
        r#"{{"cells": [{{"cell_type": "code", "execution_count": 1, "metadata": {{}}, "source": "1", "outputs": [{output}]}}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 4}}"#
    )
}

fn output_data(session: &EntrenarSession) -> &serde_json::Value {
    &session.cell_records[0].outputs[0]["data"]
}

#[test]
fn a_notebook_cut_at_any_byte_is_an_error_at_that_byte() {
    for end in 1..SMALL.trim_end().len() {
        let error = try_read(&SMALL.as_bytes()[..end]).unwrap_err();
        let position = json_position(&error);
        let cut = &SMALL.as_bytes()[..end];
        // Inside `é` the half character is read as Windows-1252; the text ends all the same.
        assert_eq!(position.byte, end, "{error}");
        assert_eq!(
            position.line,
            cut.iter().filter(|b| **b == b'\n').count() + 1
        );
    }
    assert!(matches!(try_read(b""), Err(BridgeError::Empty)));
    assert!(matches!(try_read(b" \n\t"), Err(BridgeError::Empty)));
    assert_eq!(read(SMALL).code_history.len(), 1);
}

#[test]
fn a_wrong_byte_is_named_with_line_and_column() {
    let bad = SMALL.replace("\"metadata\": {\"k\"", "\"metadata\": {k");
    let error = try_read(bad.as_bytes()).unwrap_err();
    let byte = bad.find("{k").unwrap() + 1;
    assert_eq!(
        json_position(&error),
        Position {
            line: 7,
            column: 15,
            byte
        }
    );
    // A byte order mark and UTF-16 move the bytes of the source.
    let marked = [b"\xEF\xBB\xBF", bad.as_bytes()].concat();
    assert_eq!(
        json_position(&try_read(&marked).unwrap_err()).byte,
        byte + 3
    );
    let wide: Vec<u8> = bad.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide_byte = bad[..byte].encode_utf16().count() * 2;
    assert_eq!(json_position(&try_read(&wide).unwrap_err()).byte, wide_byte);
}

#[test]
fn every_changed_byte_is_read_or_refused() {
    let original = SMALL.as_bytes();
    for at in 0..original.len() {
        for byte in [0, b'"', b'{', b']', b'\\', b'7', 0xE9, 0xFF] {
            let mut changed = original.to_vec();
            changed[at] = byte;
            if let Err(error) = try_read(&changed) {
                assert!(!error.to_string().is_empty());
            }
        }
    }
}

#[test]
fn numbers_that_only_python_has_are_read() {
    let text = with_output(
        r#"{"output_type": "display_data", "metadata": {}, "data": {"application/json":
           [NaN, Infinity, -Infinity, "NaN, Infinity", 1e999, -1e999, 18446744073709551615,
            18446744073709551616, -9223372036854775809, 1e30, 5]}}"#,
    );
    let session = read(&text);
    let expected = serde_json::json!([
        "NaN",
        "Infinity",
        "-Infinity",
        "NaN, Infinity",
        "1e999",
        "-1e999",
        18_446_744_073_709_551_615_u64,
        "18446744073709551616",
        "-9223372036854775809",
        1e30,
        5
    ]);
    assert_eq!(output_data(&session)["application/json"], expected);
    let byte = |what: &str| text.find(what).unwrap();
    assert_eq!(
        messages(&session),
        [
            format!(
                "byte {}: a bare NaN or Infinity is not JSON; it was read as a string of that name (and 2 more behind it)",
                byte("NaN")
            ),
            format!(
                "byte {}: a number does not fit into 64 bits; it was kept as text (and 3 more behind it)",
                byte("1e999")
            ),
        ]
    );
    let digits = "7".repeat(400);
    let wide = read(SMALL.replace("[1, 2]", &format!("[1, {digits}]")));
    assert_eq!(wide.document.metadata["k"][1], *digits);
    // Where nothing has to be repaired, a large double stays one.
    let double = read(SMALL.replace("[1, 2]", "[1e300]"));
    assert_eq!(double.document.metadata["k"][0], 1e300);
    assert!(double.warnings.is_empty());
}

#[test]
fn errors_behind_a_repair_have_their_place_in_the_source() {
    let bad = SMALL.replace("[1, 2]", "[NaN, -Infinity, \"\\ud800\", x]");
    let position = json_position(&try_read(bad.as_bytes()).unwrap_err());
    assert_eq!(position.byte, bad.find(", x]").unwrap() + 2);
    for bad in [
        "[NaNs]", "[-NaN]", "[Inf]", "[01]", "[1.]", "[+1]", "[--1]", "[1e]",
    ] {
        let text = SMALL.replace("[1, 2]", bad);
        json_position(&try_read(text.as_bytes()).unwrap_err());
    }
}

#[test]
fn lone_surrogates_become_replacement_characters() {
    let text = with_output(
        r#"{"output_type": "stream", "name": "stdout",
            "text": "a\ud800b\udc00c\ud83d\ude00d\\ud800\ud800\ud83d\ude00"}"#,
    );
    let session = read(&text);
    assert_eq!(
        session.code_history[0].output.as_deref(),
        Some("a\u{FFFD}b\u{FFFD}c😀d\\ud800\u{FFFD}😀")
    );
    assert_eq!(session.warnings.len(), 1);
    assert_eq!(
        session.warnings[0].place,
        Place::byte(text.find("\\ud800").unwrap())
    );
    assert!(
        session.warnings[0]
            .message
            .ends_with("(and 2 more behind it)")
    );
}

#[test]
fn of_equal_keys_the_last_counts() {
    let text = SMALL
        .replace("[1, 2]", r#"[{"a": 1, "b": 2, "a": 3}]"#)
        .replace(r#""nbformat": 4"#, r#""nbformat": 3, "nbformat": 4"#);
    let session = read(&text);
    assert_eq!(session.document.metadata["k"][0]["a"], 3);
    let places: Vec<_> = session
        .warnings
        .iter()
        .map(|w| w.place.to_string())
        .collect();
    assert_eq!(places, ["metadata.k[0].a", "nbformat"]);
    let many = format!("[{}]", vec![r#"{"a": 1, "a": 2}"#; 1000].join(","));
    let session = read(SMALL.replace("[1, 2]", &many));
    assert_eq!(session.warnings.len(), 21);
    assert!(session.warnings[20].message.starts_with("980 more keys"));
}

#[test]
fn deep_nesting_is_an_error_with_its_place() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [127, 100_000] {
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let text = SMALL.replace("[1, 2]", &deep);
            let error = try_read(text.as_bytes()).unwrap_err();
            let place = text.find(open.repeat(100).as_str()).unwrap() + open.len() * 125;
            assert_eq!(json_position(&error).byte, place, "{error}");
            assert!(error.to_string().contains("127 levels"), "{error}");
        }
    }
}

#[test]
fn the_number_of_values_is_bounded() {
    let limits = |max_values| Limits {
        max_values,
        ..Limits::default()
    };
    assert!(json::parse(b"[1, {\"a\": 2}]", limits(4)).is_ok());
    match json::parse(b"[1, {\"a\": 2}]", limits(3)) {
        Err(BridgeError::TooManyValues { limit: 3, position }) => {
            assert!((9..=10).contains(&position.byte), "{position}");
        }
        other => panic!("{other:?}"),
    }
    let context = SourceContext {
        limits: Limits {
            max_bytes: 10,
            ..Limits::default()
        },
        ..context()
    };
    let read = bridge::read(SMALL.as_bytes(), &context);
    assert!(matches!(read, Err(BridgeError::TooLarge { limit: 10, .. })));
}

#[test]
fn the_number_of_cells_is_bounded() {
    let cells = [r#"{"cell_type": "code"}"#; 4].join(",");
    let context = |max_values| SourceContext {
        limits: Limits {
            max_values,
            ..Limits::default()
        },
        ..context()
    };
    for notebook in [
        format!(r#"{{"nbformat": 4, "cells": [{cells}]}}"#),
        format!(r#"{{"cells": [{cells}], "nbformat": 4}}"#),
    ] {
        assert!(bridge::read(notebook.as_bytes(), &context(32)).is_ok());
        let error = bridge::read(notebook.as_bytes(), &context(31)).unwrap_err();
        assert_eq!(error.to_string(), "cells: there are more than 3 cells");
    }
}

#[test]
fn other_encodings_are_read_with_a_warning() {
    let plain = read(SMALL);
    assert!(plain.warnings.is_empty(), "{:?}", messages(&plain));
    let utf16 = |unit: fn(u16) -> [u8; 2], mark: &[u8]| -> Vec<u8> {
        let units = SMALL.encode_utf16().flat_map(unit);
        mark.iter().copied().chain(units).collect()
    };
    let big = u16::to_be_bytes;
    let latin_1: Vec<u8> = SMALL.chars().map(|c| u8::try_from(c).unwrap()).collect();
    for bytes in [
        [b"\xEF\xBB\xBF", SMALL.as_bytes()].concat(),
        utf16(u16::to_le_bytes, b"\xFF\xFE"),
        utf16(u16::to_le_bytes, b""),
        utf16(big, b"\xFE\xFF"),
        utf16(big, b""),
        latin_1,
    ] {
        let session = read(&bytes);
        assert_eq!(sources(&session), sources(&plain));
        assert_eq!(session.cell_records, plain.cell_records);
        let kinds: Vec<_> = session.warnings.iter().map(|w| w.kind).collect();
        assert_eq!(kinds, [WarningKind::Encoding]);
    }
    let torn = SMALL.as_bytes();
    let at = SMALL.find('é').unwrap();
    let torn = [&torn[..at], b"\xC3\xA9\xFF", &torn[at + 2..]].concat();
    let session = read(&torn);
    assert_eq!(
        sources(&session),
        ["print('é\u{FFFD}', 1e3, -2.5, true, null)"]
    );
    assert_eq!(session.warnings[0].place, Place::byte(at + 2));
}

#[test]
fn what_is_no_notebook_is_said() {
    for (text, part) in [
        (
            "version https://git-lfs.github.com/spec/v1\n",
            "begins with",
        ),
        ("[]", "begins with \"[]\""),
        ("<<<<<<< HEAD\n{}", "begins with"),
        (r#"{"a": 1, "b": 2}"#, "with a, b"),
        ("{}", "an empty JSON object"),
    ] {
        match try_read(text.as_bytes()) {
            Err(BridgeError::UnknownFormat { hint }) => assert!(hint.contains(part), "{hint}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    let read = bridge::jupyter::read(b"[]", &context());
    assert!(matches!(read, Err(BridgeError::Invalid { .. })));
}

#[test]
fn the_same_bytes_give_the_same_session() {
    for path in own_notebooks() {
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(read(&bytes), read(&bytes));
    }
}

#[test]
fn a_large_output_is_read_whole() {
    let line = "step 1 of many\\n";
    let text = with_output(&format!(
        r#"{{"output_type": "stream", "name": "stdout", "text": "{}"}}"#,
        line.repeat(200_000)
    ));
    let session = read(&text);
    let output = session.code_history[0].output.as_ref().unwrap();
    assert_eq!(output.len(), 200_000 * (line.len() - 1));
}
