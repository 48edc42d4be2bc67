//! Communities: what is handed in to them, and what they say.

use serde_json::{Value, json};

use super::http::{Request, Response};
use super::records::page;
use super::{Inside, broken, error, not_found, permission_denied, time};

/// A record that was handed in, or will be.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    id: String,
    community: String,
    kind: &'static str,
    status: &'static str,
}

impl Asked {
    pub(super) fn is_handed_in(&self) -> bool {
        self.status == "submitted"
    }

    pub(super) fn in_parent(&self) -> Value {
        json!({
            "id": self.id, "type": self.kind, "title": "", "status": self.status,
            "links": {}, "receiver": { "community": self.community },
        })
    }

    fn shown(&self, record: &str, title: &str, base: &str) -> Value {
        let id = &self.id;
        json!({
            "id": id,
            "created": time(0),
            "updated": time(0),
            "type": self.kind,
            "title": title,
            "status": self.status,
            "is_open": self.status == "submitted",
            "is_closed": self.status == "accepted",
            "receiver": { "community": self.community },
            "topic": { "record": record },
            "files": { "enabled": true },
            "links": {
                "self": format!("{base}/api/requests/{id}"),
                "self_html": format!("{base}/me/requests/{id}"),
            },
        })
    }
}

fn exists(community: &str) -> bool {
    let is_none = community.starts_with("no-such")
        || community.starts_with("nothing")
        || community.starts_with("00000000-");
    !is_none
}

fn id_of(slug: &str) -> String {
    match slug.strip_prefix("uuid-") {
        Some(_) => slug.to_owned(),
        None => format!("uuid-{slug}"),
    }
}

fn community(id: &str, base: &str) -> Value {
    let slug = id.trim_start_matches("uuid-");
    json!({
        "id": id,
        "created": time(0),
        "updated": time(0),
        "slug": slug,
        "metadata": { "title": "A community with reviews" },
        "access": {
            "visibility": "public",
            "members_visibility": "public",
            "member_policy": "closed",
            "record_submission_policy": "open",
            "review_policy": "closed",
        },
        "children": { "allow": false },
        "links": {
            "self": format!("{base}/api/communities/{id}"),
            "self_html": format!("{base}/communities/{slug}/"),
        },
    })
}

/// The communities of a record, as its parent tells them.
pub(super) fn listed(ids: &[String], base: &str) -> Value {
    if ids.is_empty() {
        return json!({});
    }
    let entries: Vec<Value> = ids
        .iter()
        .map(|id| {
            let mut entry = community(id, base);
            entry["links"] = json!({});
            entry
        })
        .collect();
    json!({ "ids": ids, "default": ids[0], "entries": entries })
}

pub(super) fn communities(request: &Request, rest: &[&str], base: &str) -> Response {
    match rest {
        [_, slug] if exists(slug) => Response::json(200, &community(&id_of(slug), base)),
        [_] => {
            let text = request.query("q").unwrap_or_default();
            let slug = text.trim_start_matches("slug:");
            let own = format!("{base}/api/communities?page=1&q={text}&size=25&sort=bestmatch");
            page(&[community(&id_of(slug), base)], "bestmatch", &own)
        }
        _ => not_found(),
    }
}

fn uuid(inside: &mut Inside) -> String {
    let number = inside.new_id();
    let digits: String = number.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("00000000-0000-4000-8000-{digits:0>12.12}")
}

fn title_of(inside: &Inside, id: &str) -> String {
    let title = inside.records[id].body["metadata"]["title"].as_str();
    title.unwrap_or_default().to_owned()
}

/// `GET` and `POST` of `/records/{id}/communities`, and `GET` of `/records/{id}/requests`.
pub(super) fn of_record(
    inside: &mut Inside,
    method: &str,
    id: &str,
    what: &str,
    body: &Value,
    base: &str,
) -> Response {
    if !inside.records[id].published {
        return not_found();
    }
    if what == "requests" {
        let title = title_of(inside, id);
        let open = inside.more(id).review.clone().filter(Asked::is_handed_in);
        let hits: Vec<Value> = open
            .iter()
            .map(|asked| asked.shown(id, &title, base))
            .collect();
        let total = hits.len();
        let own = format!("{base}/api/requests/?is_open=True&page=1&size=25&sort=newest");
        let body = json!({ "hits": { "hits": hits, "total": total }, "sortBy": "newest",
            "links": { "self": own } });
        return Response::json(200, &body);
    }
    if method == "GET" {
        let hits: Vec<Value> = inside.records[id]
            .communities
            .iter()
            .map(|id| community(id, base))
            .collect();
        let own = format!("{base}/api/communities?page=1&size=25&sort=newest");
        return page(&hits, "newest", &own);
    }
    let name = body
        .pointer("/communities/0/id")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let refused = |message: &str| {
        let one = json!({ "community_id": name, "message": message });
        Response::json(400, &json!({ "errors": [one] }))
    };
    if !exists(name) {
        return refused("Community not found.");
    }
    let wanted = id_of(name);
    if inside.records[id].communities.contains(&wanted) {
        return refused("The record is already included in this community.");
    }
    if inside
        .more(id)
        .review
        .as_ref()
        .is_some_and(Asked::is_handed_in)
    {
        return refused("There is already an open inclusion request for this community.");
    }
    let asked = Asked {
        id: uuid(inside),
        community: wanted.clone(),
        kind: "community-inclusion",
        status: "submitted",
    };
    let title = title_of(inside, id);
    let request = asked.shown(id, &title, base);
    // A community whose name says so takes in whatever is handed in.
    if name.contains("reviewed") {
        inside.more(id).review = Some(asked.clone());
    } else {
        inside.records.get_mut(id).unwrap().communities.push(wanted);
    }
    let one = json!({ "community_id": name, "request": request, "request_id": asked.id });
    Response::json(200, &json!({ "processed": [one] }))
}

/// The review that a draft is published through.
pub(super) fn of_draft(
    inside: &mut Inside,
    method: &str,
    id: &str,
    rest: &[&str],
    body: &Value,
    base: &str,
) -> Response {
    let title = title_of(inside, id);
    match (method, rest, inside.more(id).review.clone()) {
        ("GET", ["review"], Some(asked)) => Response::json(200, &asked.shown(id, &title, base)),
        ("GET", ["review"], None) => error(404, "Review for draft not found"),
        ("PUT", ["review"], _) => {
            let name = body.pointer("/receiver/community").and_then(Value::as_str);
            let name = name.unwrap_or_default();
            if !exists(name) {
                return error(404, "Not found.");
            }
            let asked = Asked {
                id: uuid(inside),
                community: id_of(name),
                kind: "community-submission",
                status: "created",
            };
            inside.more(id).review = Some(asked.clone());
            Response::json(200, &asked.shown(id, "", base))
        }
        ("POST", ["actions", "submit-review"], Some(mut asked)) if !asked.is_handed_in() => {
            asked.status = "submitted";
            inside.more(id).review = Some(asked.clone());
            Response::json(202, &asked.shown(id, &title, base))
        }
        ("POST", ["actions", "submit-review"], Some(_)) => broken(),
        _ => not_found(),
    }
}

/// `POST /requests/{id}/actions/accept`.
pub(super) fn requests(
    inside: &mut Inside,
    method: &str,
    rest: &[&str],
    user: u8,
    base: &str,
) -> Response {
    let ("POST", [wanted, "actions", "accept"]) = (method, rest) else {
        return not_found();
    };
    let ids: Vec<String> = inside.records.keys().cloned().collect();
    for id in ids {
        let Some(mut asked) = inside
            .more(&id)
            .review
            .clone()
            .filter(|one| one.id == *wanted)
        else {
            continue;
        };
        // The community is the other user's.
        if user != 2 {
            return permission_denied();
        }
        asked.status = "accepted";
        inside.more(&id).review = None;
        let prefix = inside.behaviour.prefix.clone();
        let record = inside.records.get_mut(&id).unwrap();
        record.communities.push(asked.community.clone());
        record.published = true;
        record.doi.get_or_insert_with(|| format!("{prefix}/{id}"));
        let title = title_of(inside, &id);
        return Response::json(200, &asked.shown(&id, &title, base));
    }
    not_found()
}
