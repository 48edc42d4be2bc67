//! Files of a draft: whole, in parts, cut off, wrong.

use super::drafts::create;
use super::step::{Group, Step};
use serde_json::{Value, json};

const FILES: &str = "/records/{draft}/draft/files";
const HELLO_MD5: &str = "md5:b1946ac92492d2347c6235b4d2611184";

pub(crate) fn groups() -> Vec<Group> {
    vec![files(), odd_files(), parts(), names()]
}

fn init(name: &'static str, entries: Value) -> Step {
    Step::post(name, FILES).json(entries)
}

fn at(key: &str, action: &str) -> String {
    format!("{FILES}/{key}{action}")
}

/// A file from the entry to the end; `file_steps` of other groups use it, too.
pub(crate) fn upload(key: &'static str, bytes: &str) -> Vec<Step> {
    vec![
        init("init", json!([{"key": key}])),
        Step::put("content", at(key, "/content")).content(bytes),
        Step::post("commit", at(key, "/commit")),
    ]
}

fn files() -> Group {
    Group {
        name: "files",
        steps: vec![
            create(),
            Step::get("none", FILES),
            init(
                "init with all that is known",
                json!([{
                    "key": "a.txt", "size": 6, "checksum": HELLO_MD5, "transfer": {"type": "L"},
                }]),
            ),
            init("init again", json!([{"key": "a.txt"}])),
            Step::get("entry, pending", at("a.txt", "")),
            Step::get("content, pending", at("a.txt", "/content")),
            Step::put("content of a wrong type", at("a.txt", "/content"))
                .typed(Some("text/plain"), "hello\n"),
            Step::put("content", at("a.txt", "/content")).content("hello\n"),
            Step::put("content again, before commit", at("a.txt", "/content")).content("hello\n"),
            Step::post("commit", at("a.txt", "/commit")),
            Step::post("commit again", at("a.txt", "/commit")),
            Step::get("entry, complete", at("a.txt", "")),
            Step::get("content, complete", at("a.txt", "/content")),
            Step::get("list", FILES),
            Step::put("the same content after commit", at("a.txt", "/content")).content("hello\n"),
            Step::get("after that", FILES),
            Step::delete("delete", at("a.txt", "")),
            Step::delete("delete again", at("a.txt", "")),
            Step::get("entry, deleted", at("a.txt", "")),
            Step::put("content of no entry", at("b.txt", "/content")).content("hello\n"),
            Step::post("commit of no entry", at("b.txt", "/commit")),
            init("several", json!([{"key": "b"}, {"key": "c"}])),
            init("one of them is there", json!([{"key": "d"}, {"key": "c"}])),
            Step::get("list of several", FILES),
            Step::get("draft of several", "/records/{draft}/draft"),
        ],
    }
}

fn odd_files() -> Group {
    let mut steps = vec![
        create(),
        init(
            "a wrong checksum",
            json!([{
                "key": "wrong.txt", "size": 6, "checksum": "md5:00000000000000000000000000000000",
            }]),
        ),
        Step::put("content of another checksum", at("wrong.txt", "/content")).content("hello\n"),
        Step::post("commit with a wrong checksum", at("wrong.txt", "/commit")),
        init("a wrong size", json!([{"key": "size.txt", "size": 60}])),
        Step::put("content of another size", at("size.txt", "/content")).content("hello\n"),
        Step::post("commit with a wrong size", at("size.txt", "/commit")),
        init("for an early commit", json!([{"key": "early.txt"}])),
        Step::post("commit before content", at("early.txt", "/commit")),
        Step::get("entry after an early commit", at("early.txt", "")),
        init("an empty file", json!([{"key": "empty.txt", "size": 0}])),
        Step::put("no content", at("empty.txt", "/content")).content(""),
        Step::post("commit of nothing", at("empty.txt", "/commit")),
        Step::get("entry of nothing", at("empty.txt", "")),
    ];
    steps.extend(upload("twice.txt", "hello\n"));
    steps.extend([
        Step::put("other content after commit", at("twice.txt", "/content"))
            .content("something else\n"),
        Step::get("entry after other content", at("twice.txt", "")),
        Step::get("list after other content", FILES),
        init("init after other content", json!([{"key": "twice.txt"}])),
        init("for a cut", json!([{"key": "cut.txt", "size": 100}])),
        Step::put("cut off", at("cut.txt", "/content")).cut(b"the first bytes", 100),
        Step::get("entry after the cut", at("cut.txt", "")),
        Step::put("whole after the cut", at("cut.txt", "/content")).content("whole\n"),
        Step::post("commit after the cut", at("cut.txt", "/commit")),
        init("no key", json!([{"size": 1}])),
        init("not a list", json!({"key": "x"})),
        init(
            "an unknown transfer",
            json!([{"key": "x", "transfer": {"type": "Z"}}]),
        ),
        init("an empty list", json!([])),
    ]);
    Group {
        name: "odd files",
        steps,
    }
}

fn parts() -> Group {
    let transfer = |size: u64, parts: u64| json!({"type": "M", "parts": parts, "part_size": size});
    let of = |key: &str, size: u64, parts: u64| json!([{"key": key, "size": 11, "transfer": transfer(size, parts)}]);
    Group {
        name: "parts",
        steps: vec![
            create(),
            init("init", of("p.bin", 5, 3)),
            Step::put("part 1", at("p.bin", "/content/1")).content("hello"),
            Step::put("part 3", at("p.bin", "/content/3")).content("d"),
            Step::get("entry with two parts", at("p.bin", "")),
            Step::put("part 2", at("p.bin", "/content/2")).content(" worl"),
            Step::put("part 2 again", at("p.bin", "/content/2")).content(" worl"),
            Step::put("part 2 cut off", at("p.bin", "/content/2")).cut(b" w", 5),
            Step::put("part 2 once more", at("p.bin", "/content/2")).content(" worl"),
            Step::put("part 4 of 3", at("p.bin", "/content/4")).content("x"),
            Step::put("part 0", at("p.bin", "/content/0")).content("x"),
            Step::put("a part of a wrong length", at("p.bin", "/content/1"))
                .content("too long a part"),
            Step::put("part 1 again", at("p.bin", "/content/1")).content("hello"),
            Step::post("commit", at("p.bin", "/commit")),
            Step::get("entry", at("p.bin", "")),
            Step::get("content", at("p.bin", "/content")),
            Step::put("a part after commit", at("p.bin", "/content/1")).content("HELLO"),
            Step::get("entry after that", at("p.bin", "")),
            init("to be committed early", of("w.bin", 5, 3)),
            Step::put("part 1 of it", at("w.bin", "/content/1")).content("hello"),
            Step::put("part 3 of it", at("w.bin", "/content/3")).content("d"),
            Step::post("commit with a part missing", at("w.bin", "/commit")),
            Step::get("entry with a part missing", at("w.bin", "")),
            Step::put("the missing part after commit", at("w.bin", "/content/2")).content(" worl"),
            Step::get("draft with a part missing", "/records/{draft}/draft"),
            init("whole content for parts", of("q.bin", 6, 2)),
            Step::put("whole content", at("q.bin", "/content")).content("hello world"),
            Step::delete("delete half sent", at("q.bin", "")),
            init("too few parts", of("r.bin", 5, 2)),
            init("too many parts", of("s.bin", 5, 4)),
            init(
                "no part size",
                json!([{"key": "t.bin", "size": 11, "transfer": {"type": "M", "parts": 3}}]),
            ),
            init(
                "no size",
                json!([{"key": "u.bin", "transfer": transfer(5, 3)}]),
            ),
            init("not in parts", json!([{"key": "v.bin"}])),
            Step::put("a part of a whole file", at("v.bin", "/content/1")).content("hello"),
        ],
    }
}

fn names() -> Group {
    let names = [
        "with space.txt",
        "größe.txt",
        "50%.txt",
        "a#b?c.txt",
        "folder/inner.txt",
        "..",
        " lead",
        "q\"uote.txt",
    ];
    let mut steps = vec![create()];
    for name in names {
        let path: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        steps.push(init(name, json!([{"key": name}])));
        steps.push(Step::put(name, at(&path, "/content")).content("hello\n"));
        steps.push(Step::post(name, at(&path, "/commit")));
    }
    steps.push(Step::get("list", FILES));
    Group {
        name: "names",
        steps,
    }
}
