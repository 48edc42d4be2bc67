//! Drafts and what is refused in their metadata.

use super::step::{Group, Step, Who};
use serde_json::{Value, json};

const DRAFT: &str = "/records/{draft}/draft";

/// Metadata that an archive publishes.
pub(crate) fn good() -> Value {
    json!({
        "metadata": {
            "title": "Training of a small model",
            "publication_date": "2026-11-22",
            "publisher": "An archive",
            "resource_type": {"id": "dataset"},
            "creators": [{
                "person_or_org": {
                    "type": "personal",
                    "given_name": "Ada",
                    "family_name": "Lovelace",
                    "identifiers": [{"scheme": "orcid", "identifier": "0000-0002-1825-0097"}],
                },
                "affiliations": [{"name": "Analytical Engines"}],
            }],
            "description": "<p>How it went.</p>",
            "rights": [{"id": "cc-by-4.0"}],
            "subjects": [{"subject": "training"}],
            "version": "1.0",
            "languages": [{"id": "eng"}],
            "related_identifiers": [{
                "identifier": "10.5281/zenodo.1234",
                "scheme": "doi",
                "relation_type": {"id": "isderivedfrom"},
                "resource_type": {"id": "software"},
            }],
        },
        "access": {"record": "public", "files": "public"},
        "files": {"enabled": true},
    })
}

/// Good metadata with one thing changed.
pub(crate) fn with(pointer: &str, value: Value) -> Value {
    let mut body = good();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        Value::Object(map) => drop(map.insert(name.to_owned(), value)),
        _ => panic!("{pointer}"),
    }
    body
}

pub(crate) fn without(name: &str) -> Value {
    let mut body = good();
    body["metadata"]
        .as_object_mut()
        .unwrap()
        .remove(name)
        .unwrap();
    body
}

fn person(value: &Value) -> Value {
    json!({"person_or_org": value})
}

pub(crate) fn create() -> Step {
    Step::post("create", "/records")
        .json(good())
        .keep("draft", "/id")
        .keep("parent", "/parent/id")
}

pub(crate) fn groups() -> Vec<Group> {
    vec![
        drafts(),
        refused_metadata(),
        complaints(),
        identities(),
        dois(),
        nothing_there(),
    ]
}

fn drafts() -> Group {
    Group {
        name: "drafts",
        steps: vec![
            create(),
            Step::get("read", DRAFT),
            Step::get("not a record yet", "/records/{draft}"),
            Step::put("update", DRAFT).json(with("/metadata/title", json!("Another title"))),
            Step::put("update with less", DRAFT)
                .json(json!({"metadata": {"title": "Only a title"}})),
            Step::get(
                "of mine, newest first",
                "/user/records?q=id:%22{draft}%22&size=100&page=1&sort=newest",
            ),
            Step::get(
                "of mine, by the id",
                "/user/records?q=id:%22{draft}%22&is_published=false",
            ),
            Step::get(
                "no draft in the public search",
                "/records?q=id:%22{draft}%22",
            ),
            Step::delete("delete", DRAFT),
            Step::delete("delete again", DRAFT),
            Step::get("read deleted", DRAFT),
            Step::put("update deleted", DRAFT).json(good()),
            Step::post("publish deleted", "/records/{draft}/draft/actions/publish"),
            Step::post("files of deleted", "/records/{draft}/draft/files")
                .json(json!([{"key": "a"}])),
        ],
    }
}

/// Metadata for which no draft is made at all.
fn refused_metadata() -> Group {
    let post = |name, body: Value| Step::post(name, "/records").json(body);
    Group {
        name: "refused",
        steps: vec![
            post(
                "unknown resource type",
                with("/metadata/resource_type", json!({"id": "nope"})),
            ),
            post(
                "unknown licence",
                with("/metadata/rights", json!([{"id": "nope-1.0"}])),
            ),
            post(
                "unknown language",
                with("/metadata/languages", json!([{"id": "xxx"}])),
            ),
            post(
                "unknown funder",
                with("/metadata/funding", json!([{"funder": {"id": "nope"}}])),
            ),
            post(
                "unknown relation",
                with(
                    "/metadata/related_identifiers/0/relation_type",
                    json!({"id": "nope"}),
                ),
            ),
            post(
                "unknown role",
                with("/metadata/creators/0/role", json!({"id": "nope"})),
            ),
            Step::post("half a JSON", "/records")
                .typed(Some("application/json"), r#"{"metadata": {"tit"#),
            Step::post("an array", "/records").json(json!([1, 2])),
            Step::post("no content type", "/records").typed(None, "{}"),
            Step::post("a form", "/records")
                .typed(Some("application/x-www-form-urlencoded"), "a=b"),
        ],
    }
}

/// Metadata for which a draft is made, with complaints.
fn complaints() -> Group {
    let post = |name, body: Value| Step::post(name, "/records").json(body);
    let creator = |value: Value| with("/metadata/creators", json!([person(&value)]));
    let related = |value: Value| with("/metadata/related_identifiers", json!([value]));
    Group {
        name: "complaints",
        steps: vec![
            Step::post("nothing", "/records").json(json!({})),
            Step::post("no body", "/records").typed(Some("application/json"), ""),
            post(
                "a field that is not there",
                with("/metadata/colour", json!("red")),
            ),
            post("a short title", with("/metadata/title", json!("ab"))),
            post("no title", without("title")),
            post("no creators", with("/metadata/creators", json!([]))),
            post("no date", without("publication_date")),
            post(
                "a wrong date",
                with("/metadata/publication_date", json!("22 November")),
            ),
            post("no publisher", without("publisher")),
            post("no resource type", without("resource_type")),
            post(
                "a wrong ORCID",
                creator(json!({
                    "type": "personal", "given_name": "Ada", "family_name": "Lovelace",
                    "identifiers": [{"scheme": "orcid", "identifier": "0000-0002-1825-0098"}],
                })),
            ),
            post(
                "no family name",
                creator(json!({"type": "personal", "given_name": "Ada"})),
            ),
            post(
                "no name of an organisation",
                creator(json!({"type": "organizational"})),
            ),
            post(
                "a type of person that is not",
                creator(json!({"type": "robot", "name": "R2"})),
            ),
            post(
                "an address that is none",
                related(json!({
                    "identifier": "not an address", "scheme": "url", "relation_type": {"id": "cites"},
                })),
            ),
            post(
                "an identifier of no scheme",
                related(json!({
                    "identifier": "something", "relation_type": {"id": "cites"},
                })),
            ),
            post(
                "a scheme that is not known",
                related(json!({
                    "identifier": "swh:1:cnt:94a9ed024d3859793618152ea559a168bbcbb5e2", "scheme": "swh",
                    "relation_type": {"id": "cites"},
                })),
            ),
            post(
                "a relation without a type",
                related(json!({
                    "identifier": "10.5281/zenodo.1", "scheme": "doi",
                })),
            ),
            post(
                "a licence with text and id",
                with(
                    "/metadata/rights",
                    json!([
                        {"id": "mit", "title": {"en": "MIT"}},
                    ]),
                ),
            ),
            post(
                "a licence in words",
                with(
                    "/metadata/rights",
                    json!([
                        {"title": {"en": "My own"}, "link": "https://example.org/licence"},
                    ]),
                ),
            ),
            post(
                "a licence with a wrong address",
                with(
                    "/metadata/rights",
                    json!([
                        {"title": {"en": "My own"}, "link": "nowhere"},
                    ]),
                ),
            ),
            post(
                "an embargo without a day",
                with(
                    "/access",
                    json!({
                        "record": "public", "files": "restricted", "embargo": {"active": true},
                    }),
                ),
            ),
            post(
                "an embargo in the past",
                with(
                    "/access",
                    json!({
                        "record": "public", "files": "restricted",
                        "embargo": {"active": true, "until": "2001-01-01"},
                    }),
                ),
            ),
            post(
                "an access that is none",
                with("/access", json!({"record": "secret", "files": "public"})),
            ),
            post(
                "several at once",
                json!({"metadata": {
                    "title": "", "publication_date": "soon", "creators": [{}], "languages": "eng",
                }}),
            ),
        ],
    }
}

/// Whose token, and what it allows.
fn identities() -> Group {
    let mut steps = vec![create()];
    let names = [
        "nobody",
        "a wrong token",
        "an expired token",
        "a token without scopes",
        "another user",
    ];
    let others = [
        Who::Nobody,
        Who::Wrong,
        Who::Expired,
        Who::NoScope,
        Who::Other,
    ];
    for (name, who) in names.into_iter().zip(others) {
        steps.push(Step::get(name, "/user/records?q=nothing-of-that-name").by(who));
        steps.push(Step::get(name, DRAFT).by(who));
        steps.push(Step::put(name, DRAFT).json(good()).by(who));
        steps.push(
            Step::post(name, "/records/{draft}/draft/files")
                .json(json!([{"key": "a"}]))
                .by(who),
        );
        if !matches!(who, Who::NoScope | Who::Other) {
            steps.push(Step::post(name, "/records").json(good()).by(who));
        }
        steps.push(Step::post(name, "/records/{draft}/draft/actions/publish").by(who));
        steps.push(Step::delete(name, "/records/{draft}/draft/files/a").by(who));
    }
    Group {
        name: "identities",
        steps,
    }
}

fn dois() -> Group {
    let pids = |provider: &str, identifier: &str| {
        let mut body = good();
        body["pids"] = json!({"doi": {"identifier": identifier, "provider": provider}});
        body
    };
    Group {
        name: "dois",
        steps: vec![
            create(),
            Step::post("reserve", "/records/{draft}/draft/pids/doi")
                .keep("doi", "/pids/doi/identifier"),
            Step::post("reserve again", "/records/{draft}/draft/pids/doi"),
            Step::get("read", DRAFT),
            Step::put("update without DOI", DRAFT).json(good()),
            Step::post("reserve once more", "/records/{draft}/draft/pids/doi"),
            Step::delete("let go", "/records/{draft}/draft/pids/doi"),
            Step::delete("let go again", "/records/{draft}/draft/pids/doi"),
            Step::put("a DOI of elsewhere", DRAFT).json(pids("external", "10.1234/elsewhere")),
            Step::put("a DOI of the archive from outside", DRAFT)
                .json(pids("external", "10.5072/made-up")),
            Step::put("no DOI at all", DRAFT).json(pids("external", "nonsense")),
            Step::post("reserve for none", "/records/nothing-here/draft/pids/doi"),
            Step::delete("delete", DRAFT),
        ],
    }
}

fn nothing_there() -> Group {
    Group {
        name: "nothing there",
        steps: vec![
            Step::get("a record", "/records/nothing-here"),
            Step::get("a draft", "/records/nothing-here/draft"),
            Step::post("publish", "/records/nothing-here/draft/actions/publish"),
            Step::post("a version", "/records/nothing-here/versions"),
            Step::get("a route", "/nothing/here"),
            Step::delete("a method", "/records"),
            Step::get("a community", "/communities/nothing-here"),
        ],
    }
}
