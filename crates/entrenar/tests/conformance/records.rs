//! Publication, versions, access, communities.

use super::drafts::{create, good, with, without};
use super::files::upload;
use super::step::{Group, Step, Who};
use serde_json::{Value, json};

const DRAFT: &str = "/records/{draft}/draft";
const RECORD: &str = "/records/{draft}";
const PUBLISH: &str = "/records/{draft}/draft/actions/publish";

pub(crate) fn groups() -> Vec<Group> {
    vec![
        publication(),
        refused_publication(),
        versions(),
        access(),
        external_doi(),
        communities(),
        review(),
    ]
}

fn files_off() -> Value {
    with("/files", json!({"enabled": false}))
}

fn published() -> Vec<Step> {
    let mut steps = vec![
        create(),
        Step::post("reserve", "/records/{draft}/draft/pids/doi")
            .keep("doi", "/pids/doi/identifier"),
    ];
    steps.extend(upload("a.txt", "hello\n"));
    steps.push(Step::post("publish", PUBLISH));
    steps
}

fn publication() -> Group {
    let mut steps = published();
    steps.extend([
        Step::post("publish again", PUBLISH),
        Step::get("record", RECORD),
        Step::get("record, by nobody", RECORD).by(Who::Nobody),
        Step::get("draft after publication", DRAFT),
        Step::put("update after publication", DRAFT).json(good()),
        Step::delete("delete after publication", DRAFT),
        Step::delete("delete the record", RECORD),
        Step::get("files", "/records/{draft}/files"),
        Step::get("file", "/records/{draft}/files/a.txt"),
        Step::get("content", "/records/{draft}/files/a.txt/content").by(Who::Nobody),
        Step::get(
            "draft's files after publication",
            "/records/{draft}/draft/files",
        ),
        Step::get("public search", "/records?q=id:%22{draft}%22"),
        Step::get("own search", "/user/records?q=id:%22{draft}%22"),
        Step::get(
            "own search of drafts",
            "/user/records?q=id:%22{draft}%22&is_published=false",
        ),
        Step::post("edit", DRAFT),
        Step::post("edit again", DRAFT),
        Step::get(
            "own search while edited",
            "/user/records?q=id:%22{draft}%22",
        ),
        Step::post(
            "a file into a published record",
            "/records/{draft}/draft/files",
        )
        .json(json!([{"key": "b"}])),
        Step::delete(
            "a file of a published record",
            "/records/{draft}/draft/files/a.txt",
        ),
        Step::put("another title", DRAFT).json(with("/metadata/title", json!("Corrected title"))),
        Step::post("publish the edit", PUBLISH),
        Step::post("edit to let go", DRAFT),
        Step::delete("let the edit go", DRAFT),
        Step::get("record after all", RECORD),
        Step::post("reserve for a record", "/records/{draft}/draft/pids/doi"),
    ]);
    Group {
        name: "publication",
        steps,
    }
}

fn refused_publication() -> Group {
    let mut steps = vec![
        create(),
        Step::post("no files", PUBLISH),
        Step::post("init", "/records/{draft}/draft/files").json(json!([{"key": "a.txt"}])),
        Step::post("a pending file", PUBLISH),
        Step::put("content", "/records/{draft}/draft/files/a.txt/content").content("hello\n"),
        Step::post("a file without commit", PUBLISH),
        Step::post("commit", "/records/{draft}/draft/files/a.txt/commit"),
        Step::put("no title", DRAFT).json(without("title")),
        Step::post("without title", PUBLISH),
        Step::put("much missing", DRAFT).json(json!({"metadata": {}, "files": {"enabled": true}})),
        Step::post("with much missing", PUBLISH),
        Step::put("a wrong ORCID", DRAFT).json(with(
            "/metadata/creators/0/person_or_org/identifiers",
            json!([
                {"scheme": "orcid", "identifier": "0000-0002-1825-0098"},
            ]),
        )),
        Step::post("with a wrong ORCID", PUBLISH),
        Step::put("good again", DRAFT).json(good()),
        Step::put("files off with files", DRAFT).json(files_off()),
        Step::delete("delete", DRAFT),
        Step::post("without files", "/records")
            .json(files_off())
            .keep("bare", "/id"),
        Step::post("a file where there are none", "/records/{bare}/draft/files")
            .json(json!([{"key": "a"}])),
        Step::post(
            "publish metadata only",
            "/records/{bare}/draft/actions/publish",
        ),
    ];
    steps.push(Step::get("metadata only", "/records/{bare}"));
    Group {
        name: "refused publication",
        steps,
    }
}

fn versions() -> Group {
    let mut steps = vec![
        create(),
        Step::post("version of a draft", "/records/{draft}/versions"),
    ];
    steps.extend(upload("a.txt", "hello\n"));
    steps.extend([
        Step::post("publish", PUBLISH),
        Step::post("version, by another", "/records/{draft}/versions").by(Who::Other),
        Step::post("version", "/records/{draft}/versions").keep("second", "/id"),
        Step::post("version again", "/records/{draft}/versions"),
        Step::get("draft", "/records/{second}/draft"),
        Step::get("files, none", "/records/{second}/draft/files"),
        Step::post("reserve", "/records/{second}/draft/pids/doi")
            .keep("second doi", "/pids/doi/identifier"),
        Step::post("import", "/records/{second}/draft/actions/files-import"),
        Step::post(
            "import again",
            "/records/{second}/draft/actions/files-import",
        ),
        Step::get("files, imported", "/records/{second}/draft/files"),
        Step::delete(
            "delete an imported file",
            "/records/{second}/draft/files/a.txt",
        ),
        Step::post("another file", "/records/{second}/draft/files").json(json!([{"key": "b.txt"}])),
        Step::put("its content", "/records/{second}/draft/files/b.txt/content").content("second\n"),
        Step::post("its commit", "/records/{second}/draft/files/b.txt/commit"),
        Step::put("describe", "/records/{second}/draft")
            .json(with("/metadata/version", json!("2.0"))),
        Step::get("described", "/records/{second}/draft"),
        Step::post(
            "publish the second",
            "/records/{second}/draft/actions/publish",
        ),
        Step::get("the first", RECORD),
        Step::get("the second", "/records/{second}"),
        Step::get("all versions", "/records/{draft}/versions"),
        Step::get("latest", "/records/{draft}/versions/latest"),
        Step::get("by the parent", "/records/{parent}"),
        Step::post("version of the first", "/records/{draft}/versions"),
    ]);
    Group {
        name: "versions",
        steps,
    }
}

fn access() -> Group {
    let closed = json!({
        "record": "public", "files": "restricted",
        "embargo": {"active": true, "until": "2199-12-31", "reason": "under review"},
    });
    let mut steps = vec![
        Step::post("create under embargo", "/records")
            .json(with("/access", closed))
            .keep("draft", "/id"),
    ];
    steps.extend(upload("a.txt", "hello\n"));
    steps.extend([
        Step::post("publish under embargo", PUBLISH),
        Step::get("record, by nobody", RECORD).by(Who::Nobody),
        Step::get("files, by nobody", "/records/{draft}/files").by(Who::Nobody),
        Step::get("content, by nobody", "/records/{draft}/files/a.txt/content").by(Who::Nobody),
        Step::get(
            "content, by its owner",
            "/records/{draft}/files/a.txt/content",
        ),
        Step::post("create restricted", "/records")
            .json(with(
                "/access",
                json!({"record": "public", "files": "restricted"}),
            ))
            .keep("draft", "/id"),
    ]);
    steps.extend(upload("a.txt", "hello\n"));
    steps.extend([
        Step::post("publish restricted", PUBLISH),
        Step::get("restricted, by nobody", RECORD).by(Who::Nobody),
        Step::get("restricted files, by nobody", "/records/{draft}/files").by(Who::Nobody),
        Step::post("create hidden", "/records")
            .json(with(
                "/access",
                json!({"record": "restricted", "files": "restricted"}),
            ))
            .keep("draft", "/id"),
    ]);
    steps.extend(upload("a.txt", "hello\n"));
    steps.extend([
        Step::post("publish hidden", PUBLISH),
        Step::get("hidden, by nobody", RECORD).by(Who::Nobody),
        Step::get("hidden, by its owner", RECORD),
    ]);
    Group {
        name: "access",
        steps,
    }
}

fn external_doi() -> Group {
    let pids = |identifier: &str| {
        let mut body = good();
        body["pids"] = json!({"doi": {"identifier": identifier, "provider": "external"}});
        body
    };
    let mut steps = vec![create()];
    steps.extend(upload("a.txt", "hello\n"));
    steps.extend([
        Step::put("the archive's own prefix", DRAFT).json(pids("10.5072/made-up")),
        Step::post("publish with the archive's own prefix", PUBLISH),
        Step::put("a DOI of elsewhere", DRAFT).json(pids("10.1234/elsewhere-{draft}")),
        Step::post("publish with a DOI of elsewhere", PUBLISH),
    ]);
    Group {
        name: "external DOI",
        steps,
    }
}

fn communities() -> Group {
    let mut steps = vec![
        Step::get("by its short name", "/communities/reviewed").keep("community", "/id"),
        Step::get("search", "/communities?q=slug:reviewed"),
    ];
    steps.extend(published());
    let ask = json!({"communities": [{"id": "{community}"}]});
    steps.extend([
        Step::get("of a record, none", "/records/{draft}/communities"),
        Step::post("ask by short name", "/records/{draft}/communities")
            .json(json!({"communities": [{"id": "reviewed"}]})),
        Step::post("ask none that is", "/records/{draft}/communities")
            .json(json!({"communities": [{"id": "nothing-here"}]})),
        Step::post("ask again", "/records/{draft}/communities").json(ask.clone()),
        Step::get("requests", "/records/{draft}/requests?is_open=true")
            .keep("request", "/hits/hits/0/id"),
        Step::post("accept, by oneself", "/requests/{request}/actions/accept"),
        Step::post("accept", "/requests/{request}/actions/accept").by(Who::Other),
        Step::get("of a record, one", "/records/{draft}/communities"),
        Step::post("ask when in", "/records/{draft}/communities").json(ask),
    ]);
    Group {
        name: "communities",
        steps,
    }
}

fn review() -> Group {
    let review = json!({"receiver": {"community": "{community}"}, "type": "community-submission"});
    let mut steps = vec![
        Step::get("community", "/communities/reviewed").keep("community", "/id"),
        create(),
        Step::get("no review", "/records/{draft}/draft/review"),
        Step::put("choose a community", "/records/{draft}/draft/review").json(review),
        Step::put("choose none that is", "/records/{draft}/draft/review").json(json!({
            "receiver": {"community": "00000000-0000-0000-0000-000000000000"}, "type": "community-submission",
        })),
    ];
    steps.extend(upload("a.txt", "hello\n"));
    steps.extend([
        Step::post("publish instead of handing in", PUBLISH),
        Step::post("hand in", "/records/{draft}/draft/actions/submit-review")
            .json(json!({"payload": {"content": "Please look.", "format": "html"}}))
            .keep("request", "/id"),
        Step::post(
            "hand in again",
            "/records/{draft}/draft/actions/submit-review",
        ),
        Step::get("draft in review", DRAFT),
        Step::post("publish in review", PUBLISH),
        Step::delete("delete in review", DRAFT),
        Step::post("accept", "/requests/{request}/actions/accept").by(Who::Other),
        Step::get("record", RECORD),
    ]);
    Group {
        name: "review",
        steps,
    }
}
