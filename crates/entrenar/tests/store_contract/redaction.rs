//! Secrets that are taken out again.

use entrenar::session::*;
use entrenar::store::*;
use serde_json::json;

use super::{Open, read_from};

pub(crate) fn a_redacted_secret_does_not_come_back(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let source = r#"{"text": "key=hunter2-token", "deep": "\"hunter2-token\""}"#;
    let mut session = read_from(source);
    let secret = "hunter2-token";
    session.name = format!("name {secret}");
    session.config.insert(secret.into(), secret.into());
    session.tags.push(secret.into());
    session.notes = Some(secret.into());
    session.code_history[0].source = format!("login('{secret}')");
    session.cell_records[0].outputs = vec![
        output::stream("stdout", format!("key {secret} loss 0.5")),
        json!({"output_type": "display_data", "data": {"application/json": {secret: [secret]}}}),
        json!({"stdout": secret.bytes().collect::<Vec<_>>()}),
        json!({"text": ["key hunter2", "-token end"]}),
    ];
    session.cell_records[0].error = Some(CellError {
        name: "E".into(),
        message: secret.into(),
        traceback: vec![format!("> {secret}")],
    });
    session
        .document
        .metadata
        .insert(secret.into(), json!({"a": secret}));
    session.warnings.push(ImportWarning::new(
        WarningKind::Secret,
        Place::path(secret),
        format!("looks like {secret}"),
    ));
    let origin = |output, span| Origin {
        kind: OriginKind::Printed,
        cell: 0,
        output,
        span,
        rule: "key-value".into(),
    };
    session.metrics.push(
        SeriesKey::named("l"),
        Point {
            value: 0.5,
            origin: Some(origin(0, 23..26)),
            ..Point::default()
        },
    );
    store.import(&session, Some(source.as_bytes())).unwrap();
    let other = EntrenarSession::empty("other", secret);
    store.import(&other, None).unwrap();

    let redaction = store.redact(&session.id, secret).unwrap();
    assert!(redaction.occurrences >= 16, "{redaction:?}");
    let redacted = store.session(&session.id).unwrap();
    assert!(!format!("{redacted:?}").contains("hunter2"), "{redacted:?}");
    assert_eq!(redacted.code_history[0].source, "login('[REDACTED]')");
    let outputs = &redacted.cell_records[0].outputs;
    assert_eq!(
        outputs[2]["stdout"],
        json!("[REDACTED]".bytes().collect::<Vec<_>>())
    );
    assert_eq!(outputs[3]["text"], json!(["key [REDACTED]", " end"]));
    let text = output::plain_text(&outputs[0]).unwrap();
    let moved = redacted.metrics.get(&SeriesKey::named("l")).unwrap();
    let span = moved.point(0).unwrap().origin.unwrap().span.clone();
    assert_eq!(&text[span.start as usize..span.end as usize], "0.5");
    let kept = store.source(&session.id).unwrap().unwrap();
    assert_eq!(
        String::from_utf8(kept.clone()).unwrap(),
        source.replace(secret, "[REDACTED]")
    );
    assert_eq!(redacted.source.unwrap().sha256, Sha256Hash::of(&kept));

    for bytes in [source.as_bytes(), &kept] {
        let status = store.import(&read_from(std::str::from_utf8(bytes).unwrap()), Some(bytes));
        assert_eq!(status.unwrap(), ImportStatus::Unchanged);
    }
    assert_eq!(store.redact(&session.id, secret).unwrap().occurrences, 0);
    assert_eq!(store.session("other").unwrap(), other);
    assert_eq!(store.check().unwrap(), []);
}

pub(crate) fn a_secret_that_stands_everywhere_is_refused(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let session = EntrenarSession::empty("hunter2-session", "abc");
    store.import(&session, None).unwrap();
    for secret in ["", "abc", "hunter2"] {
        let error = store.redact("hunter2-session", secret).unwrap_err();
        assert!(matches!(error, StoreError::Unredactable { .. }), "{error}");
        assert!(!error.to_string().contains("hunter2"));
    }
    assert_eq!(store.session("hunter2-session").unwrap(), session);
}
