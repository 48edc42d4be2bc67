//! The page of a session: what it shows, and what it can never do.

#![cfg(feature = "preserve")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a panic is how a test fails, a line of text how it is skipped"
)]

use std::path::{Path, PathBuf};

use chrono::DateTime;
use entrenar::bridge::{Limits, read_file};
use entrenar::ecosystem::session_to_artifact;
use entrenar::export::html::{MAX_PAGE_BYTES, page};
use entrenar::preserve::{Parts, PreserveOptions, build, describe};
use entrenar::session::*;
use serde_json::{Value, json};

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn add_cell(session: &mut EntrenarSession, source: &str, outputs: Vec<Value>) -> usize {
    session.add_recorded_cell(
        CodeCell {
            execution_order: u32::try_from(session.code_history.len()).unwrap() + 1,
            source: source.into(),
            output: output::joined_text(&outputs),
            timestamp: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
            duration_ms: Some(1234),
        },
        CellRecord {
            outputs,
            execution_count: Some(7),
            ..CellRecord::default()
        },
    )
}

#[expect(clippy::needless_pass_by_value, reason = "json! makes values")]
fn display(data: Value) -> Value {
    json!({"output_type": "display_data", "metadata": {}, "data": data})
}

fn of(session: &EntrenarSession) -> String {
    page(session, &session_to_artifact(session).unwrap())
}

fn small() -> EntrenarSession {
    let mut session = EntrenarSession::empty("sess-001", "LoRA, rank 64")
        .with_user("Ada Lovelace")
        .with_architecture("llama-7b")
        .with_config("rank", "64")
        .with_tag("lora");
    for (step, (train, val)) in [(2.0, 2.2), (1.0, 1.5), (0.5, 1.2)].into_iter().enumerate() {
        let step = i64::try_from(step).unwrap();
        session.metrics.log(step, "loss", train);
        session.metrics.log(step, "val_loss", val);
    }
    session
        .derived
        .insert("name".into(), "the file's name".into());
    let index = add_cell(
        &mut session,
        "train(model)  # <b>",
        vec![
            output::stream("stdout", "50%\r100%\n\u{1b}[31mloss\u{1b}[0m=0.5 <tag>\n"),
            display(json!({"text/plain": "<Figure>", "image/png": PNG})),
            display(
                json!({"text/html": ["<table><tr><td>", "cell</td></tr></table>"], "text/plain": "frame"}),
            ),
            display(json!({"text/latex": "$\\alpha$"})),
            display(json!({"text/markdown": "*soft*"})),
            display(json!({"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'/>"})),
            display(
                json!({"application/vnd.plotly.v1+json": {"data": []}, "text/html": "<div id='p'></div><script>plot()</script>"}),
            ),
            output::result(Some(7), "'result'"),
            output::error(
                "ValueError",
                "bad",
                &["\u{1b}[0;31mValueError\u{1b}[0m: bad".into()],
            ),
        ],
    );
    session.document.cells = vec![
        DocumentCell::Markdown(TextCell {
            source: "# A heading\n\nwith $x_1$".into(),
            ..TextCell::default()
        }),
        DocumentCell::Code(index),
    ];
    session
}

#[test]
fn a_small_page() {
    insta::assert_snapshot!(of(&small()));
}

#[test]
fn every_rich_output_is_on_the_page() {
    let page = of(&small());
    for shown in [
        "100%\n<span class=\"a1\">loss</span>=0.5 &lt;tag&gt;",
        &format!("<img src=\"data:image/png;base64,{PNG}\" alt=\"&lt;Figure&gt;\">"),
        "<td>cell</td>",
        "$\\alpha$",
        "<em>soft</em>",
        "<img src=\"data:image/svg+xml;base64,",
        "application/vnd.plotly.v1+json",
        "&#39;result&#39;",
        "<span class=\"a1\">ValueError</span>: bad",
        "<h1>A heading</h1>",
        "train(model)  # &lt;b&gt;",
        "class=\"badge\">derived</span>",
        "Ada Lovelace",
        "llama-7b",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
}

/// Every tag of a page, with its attributes.
fn tags(page: &str) -> Vec<&str> {
    page.split('<')
        .skip(1)
        .map(|rest| rest.split('>').next().unwrap())
        .collect()
}

/// Fails on anything in the page that could act or leave it.
fn assert_harmless(page: &str) {
    for tag in tags(page) {
        let name = tag
            .split(|c: char| c.is_whitespace() || c == '/')
            .next()
            .unwrap();
        let name = name.to_ascii_lowercase();
        assert!(
            ![
                "script",
                "iframe",
                "object",
                "embed",
                "link",
                "base",
                "form",
                "input",
                "a",
                "animate",
                "set",
                "use",
                "foreignobject",
                "image",
                "audio",
                "video",
                "source"
            ]
            .contains(&name.as_str()),
            "<{tag}>"
        );
        let mut quoted = false;
        for (index, part) in tag.split('"').enumerate() {
            if index % 2 == 1 {
                assert!(quoted, "<{tag}>");
                let value = part.trim_start().to_ascii_lowercase();
                assert!(!value.starts_with("javascript:"), "<{tag}>");
                continue;
            }
            let names = part.split_whitespace().skip(usize::from(index == 0));
            for attribute in names {
                let attribute = attribute.trim_end_matches('=').to_ascii_lowercase();
                assert!(!attribute.starts_with("on"), "<{tag}>");
                assert!(attribute != "style" && attribute != "href", "<{tag}>");
            }
            quoted = part.ends_with('=');
            if part.ends_with("src=") {
                let value = tag.split("src=\"").nth(1).unwrap();
                assert!(value.starts_with("data:image/"), "<{tag}>");
            }
        }
    }
    for character in ['\u{1b}', '\0', '\u{8}', '\u{202e}'] {
        assert!(!page.contains(character), "{character:?}");
    }
    assert_eq!(page.matches("<style>").count(), 1);
    assert!(page.contains("default-src 'none'; style-src 'sha256-"));
}

const HOSTILE: [&str; 14] = [
    "<script>alert(1)</script>",
    "</title></style></pre></textarea><script src=//evil.example/x.js></script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "<svg onload=alert(1)><a xlink:href=\"javascript:alert(1)\">x</a></svg>",
    "<math><mtext></table><mglyph><style><img src=x onerror=alert(1)></style></math>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<a href=\"https://evil.example\" style=\"x:expression(1)\">a</a>",
    "<iframe srcdoc=\"<script>1</script>\"></iframe><object data=x></object><embed src=x>",
    "[x](javascript:alert(1)) ![y](https://evil.example/p.png) <https://evil.example>",
    "<form action=https://evil.example><input autofocus onfocus=alert(1)></form>",
    "<link rel=stylesheet href=//evil.example><base href=//evil.example><meta http-equiv=refresh content='0;url=//evil.example'>",
    "\u{1b}]0;title\u{7}\u{1b}[31m\0\u{8}\u{202e}gnp.exe <img src=\"data:text/html;base64,PHNjcmlwdD4=\">",
];

#[test]
fn hostile_text_anywhere_stays_text() {
    for text in HOSTILE {
        let mut session = EntrenarSession::empty(text, text)
            .with_user(text)
            .with_architecture(text)
            .with_dataset(text)
            .with_config(text, text)
            .with_tag(text)
            .with_notes(text);
        session.foreign_id = Some(text.into());
        session.derived.insert(text.into(), text.into());
        session.derived.insert("name".into(), text.into());
        session.metrics.add_custom(text, 1.0);
        session.metrics.add_custom(text, 2.0);
        session.metrics.add_custom("loss", 2.0);
        session.runs.push(TrainingRun {
            name: Some(text.into()),
            config: [(text.to_owned(), text.to_owned())].into(),
            ..TrainingRun::default()
        });
        session.source = Some(SourceInfo {
            name: Some(text.into()),
            format: SourceFormat::Jupyter,
            sha256: Sha256Hash::of(b"x"),
            size: 1,
        });
        session.warnings.push(ImportWarning::new(
            WarningKind::Encoding,
            Place::path(text),
            text,
        ));
        let mut outputs = vec![
            output::stream(text, text),
            output::result(None, text),
            output::error(text, text, &[text.into()]),
            output::error(text, text, &[]),
            json!({"output_type": text, "data": text}),
            json!(text),
        ];
        for media_type in [
            "text/html",
            "text/markdown",
            "text/latex",
            "image/svg+xml",
            "image/png",
            "image/jpeg",
            "application/json",
            "application/javascript",
            text,
        ] {
            outputs.push(display(json!({media_type: text})));
            outputs.push(display(json!({media_type: text, "text/plain": text})));
        }
        outputs.push(display(
            json!({"text/html": format!("<table><tr><td>{text}</td></tr></table>")}),
        ));
        let index = add_cell(&mut session, text, outputs);
        if let Some(record) = session.cell_records.last_mut() {
            record.error = Some(CellError {
                name: text.into(),
                message: text.into(),
                traceback: vec![text.into()],
            });
        }
        let attachments = json!({"a.png": {"image/png": text, "text/html": text}});
        let cell = TextCell {
            source: format!(
                "{text}\n\n# {text}\n\n![x](attachment:a.png)\n\n```{text}\n{text}\n```\n"
            ),
            attachments: attachments.as_object().unwrap().clone(),
            ..TextCell::default()
        };
        session.document.cells = vec![
            DocumentCell::Markdown(cell.clone()),
            DocumentCell::Raw(cell),
            DocumentCell::Code(index),
        ];
        assert_harmless(&of(&session));
    }
}

#[test]
fn a_huge_session_makes_a_bounded_page() {
    let mut session = EntrenarSession::empty("s", "S");
    let huge = "loss=0.5 <&> \u{1b}[31m\n".repeat(6_000_000);
    assert!(huge.len() > 95_000_000);
    add_cell(
        &mut session,
        "print()",
        vec![output::stream("stdout", huge)],
    );
    add_cell(&mut session, &"x = '<'\n".repeat(1_000_000), Vec::new());
    let table = format!("<table>{}</table>", "<tr><td>1</td></tr>".repeat(500_000));
    let deep = "<div>".repeat(60_000);
    add_cell(
        &mut session,
        "df",
        vec![
            display(json!({"text/html": table, "text/plain": "frame"})),
            display(json!({"text/html": deep, "text/plain": "deep"})),
            display(json!({"text/html": "<b><i>".repeat(30_000), "text/plain": "deep"})),
            display(json!({"image/png": PNG.repeat(100_000), "text/plain": "large image"})),
        ],
    );
    for _ in 0..20_000 {
        add_cell(
            &mut session,
            &"y = 1\n".repeat(200),
            vec![output::stream("stdout", "z\n".repeat(2000))],
        );
    }
    for series in 0..2000 {
        session.metrics.log(0, format!("metric{series}"), 1.0);
        session.metrics.log(1, format!("metric{series}"), 2.0);
    }
    let started = std::time::Instant::now();
    let page = of(&session);
    println!("{} bytes in {:?}", page.len(), started.elapsed());
    assert!(page.len() < MAX_PAGE_BYTES + (8 << 20), "{}", page.len());
    assert!(page.contains("bytes are not shown here; they are in the notebook and in source/"));
    assert!(page.contains("this output is longer") && page.contains("large image"));
    assert!(page.contains("more cells are in the notebook"));
}

fn corpus() -> Vec<PathBuf> {
    let corpus = std::env::var_os("ENTRENAR_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    let mut files = Vec::new();
    for (folder, extension) in [("notebooks", "ipynb"), ("ruchy", "replay")] {
        let Ok(entries) = std::fs::read_dir(corpus.join(folder)) else {
            println!("SKIPPED: no {folder}; set ENTRENAR_CORPUS");
            continue;
        };
        files.extend(
            entries
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|e| e == extension)),
        );
    }
    files.sort();
    files
}

/// Also writes the pages where `ENTRENAR_PAGES` says, to be looked at.
#[test]
fn pages_of_real_sessions_are_harmless_and_show_their_images() {
    let folder = std::env::var_os("ENTRENAR_PAGES").map(PathBuf::from);
    for file in corpus() {
        let read = read_file(&file, Limits::default()).unwrap();
        let parts = Parts {
            source: Some(&read.source),
            ..Parts::default()
        };
        let artifact = describe(&read.session, &PreserveOptions::default());
        let made = build(&read.session, &artifact, &parts).unwrap();
        let page = std::str::from_utf8(made.file("index.html").unwrap()).unwrap();
        assert_harmless(page);
        let images = read
            .session
            .cell_records
            .iter()
            .flat_map(|record| &record.outputs)
            .filter(|output| {
                let data = output.get("data").and_then(Value::as_object);
                data.is_some_and(|data| {
                    !data.contains_key("text/html")
                        && data.keys().any(|key| key.starts_with("image/"))
                })
            })
            .count();
        assert!(
            page.matches("<img src=\"data:").count() >= images,
            "{}",
            file.display()
        );
        println!(
            "{:>9} of {:>9} bytes {}",
            page.len(),
            read.source.len(),
            file.display()
        );
        if let Some(folder) = &folder {
            let name = file.file_name().unwrap().to_str().unwrap();
            entrenar::files::write_atomic(&folder.join(format!("{name}.html")), page.as_bytes())
                .unwrap();
        }
    }
}
