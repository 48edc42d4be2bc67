//! How the records API shows a record.

use serde_json::{Map, Value, json};

use super::{Inside, Record, reviews, time};

/// A record, or the draft of it.
pub(super) fn shown(inside: &mut Inside, id: &str, base: &str, draft: bool) -> Value {
    let more = inside.more(id).clone();
    let record = inside.records[id].clone();
    let body = more.edit.as_ref().filter(|_| draft).unwrap_or(&record.body);
    let prefix = &inside.behaviour.prefix;
    let mut pids = Map::new();
    if let Some(doi) = &record.doi {
        let external = body["pids"]["doi"]["provider"] == "external";
        let pid = if external {
            json!({ "identifier": doi, "provider": "external" })
        } else {
            json!({ "identifier": doi, "provider": "datacite", "client": "datacite" })
        };
        pids.insert("doi".into(), pid);
    }
    let parent = &record.parent;
    let mut of_same: Vec<&Record> = inside
        .records
        .values()
        .filter(|one| one.parent == *parent && one.published)
        .collect();
    of_same.sort_by_key(|one| one.created);
    let newest = of_same.last().is_some_and(|one| one.id == id);
    let known = of_same
        .iter()
        .any(|one| one.doi.is_some() && one.body["pids"]["doi"]["provider"] != "external");
    let parent_pids = match known {
        true => json!({ "doi": { "identifier": format!("{prefix}/{parent}"),
            "provider": "datacite", "client": "datacite" } }),
        false => json!({}),
    };
    let api = format!("{base}/api/records/{id}");
    let mut links = json!({
        "self": if draft { format!("{api}/draft") } else { api.clone() },
        "self_html": format!("{base}/{}/{id}", if draft { "uploads" } else { "records" }),
        "reserve_doi": format!("{api}/draft/pids/doi"),
        "files": format!("{api}/{}", if draft { "draft/files" } else { "files" }),
        "versions": format!("{api}/versions"),
    });
    if draft {
        links["record"] = api.clone().into();
        links["publish"] = format!("{api}/draft/actions/publish").into();
    } else {
        links["latest"] = format!("{api}/versions/latest").into();
        links["draft"] = format!("{api}/draft").into();
    }
    let status = match (&more.review, record.published, more.index) {
        (Some(review), false, _) if review.is_handed_in() => "in_review",
        (Some(_), false, _) => "draft_with_review",
        (_, true, _) => "published",
        (_, false, 1) => "draft",
        _ => "new_version_draft",
    };
    let enabled = body["files"]["enabled"] != false;
    let mut parent = json!({
        "id": parent,
        "communities": reviews::listed(&record.communities, base),
        "pids": parent_pids,
    });
    if let Some(review) = more.review.as_ref().filter(|_| !record.published) {
        parent["review"] = review.in_parent();
    }
    json!({
        "id": id,
        "created": time(record.created),
        "updated": time(record.created),
        "revision_id": 1,
        "is_published": record.published,
        "is_draft": draft,
        "status": status,
        "access": body["access"],
        "files": { "enabled": enabled },
        "metadata": body["metadata"],
        "parent": parent,
        "pids": pids,
        "versions": { "is_latest": record.published && newest, "index": more.index },
        "links": links,
    })
}
