//! The records API: drafts, records and versions.

use serde_json::{Value, json};

use super::describe::{errors, kept, unknown_term};
use super::files;
use super::http::{Request, Response};
use super::reviews;
use super::shown::shown;
use super::{
    Inside, OTHER_TOKEN, Record, TOKEN, broken, error, invalid, not_found, permission_denied,
};

/// What the records API knows of a record beyond what both APIs do.
#[derive(Debug, Clone)]
pub(crate) struct More {
    /// Whose it is: 1 or 2.
    pub(crate) owner: u8,
    /// Which version it is.
    pub(crate) index: usize,
    /// The draft of a published record that is being edited.
    pub(crate) edit: Option<Value>,
    /// The review that a draft waits for.
    pub(crate) review: Option<reviews::Asked>,
}

impl Default for More {
    fn default() -> Self {
        Self {
            owner: 1,
            index: 1,
            edit: None,
            review: None,
        }
    }
}

pub(super) fn route(inside: &mut Inside, request: &Request, rest: &[&str], base: &str) -> Response {
    let method = request.method.as_str();
    let token = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "));
    let query = request.query("access_token");
    let user = match token.or(query.as_deref()) {
        Some(TOKEN) => Some(1),
        Some(OTHER_TOKEN) => Some(2),
        _ => None,
    };
    match (method, rest) {
        ("GET", ["records"]) => return search(inside, request, base, None),
        ("GET", ["records", id]) => return published(inside, id, user, base),
        ("GET", ["records", id, "files", rest @ ..]) => {
            return published_files(inside, request, id, rest, user, base);
        }
        ("GET", ["records", id, "versions"]) => return versions(inside, id, base),
        ("GET", ["records", id, "versions", "latest"]) => return latest(inside, id, base),
        ("GET", ["communities", ..]) => return reviews::communities(request, rest, base),
        ("GET" | "POST", ["user", "records"] | ["records", ..] | ["requests", ..]) => {}
        (_, ["records", _, ..]) => {}
        (_, ["records"]) => return error(405, "The method is not allowed for the requested URL."),
        _ => {
            let message = "The requested URL was not found on the server. If you entered the URL \
                manually please check your spelling and try again.";
            return error(404, message);
        }
    }
    // Whether the file is there comes before who asks.
    if let ("DELETE", ["records", id, "draft", "files", key]) = (method, rest)
        && let Some(record) = inside.records.get(*id)
        && !record.files.contains_key(*key)
    {
        return error(404, &format!("Record '{id}' has no file '{key}'."));
    }
    let Some(user) = user else {
        return permission_denied();
    };
    if inside.behaviour.no_scope && method != "GET" {
        return permission_denied();
    }
    let kind = request.header("content-type").unwrap_or_default();
    let body: Value = match serde_json::from_slice(&request.body) {
        Ok(body) => body,
        Err(_) if kind.starts_with("application/json") && !request.body.is_empty() => {
            return error(400, "Unable to decode JSON data in request body.");
        }
        Err(_) => Value::Null,
    };
    match (method, rest) {
        ("GET", ["user", "records"]) => search(inside, request, base, Some(user)),
        ("POST", ["records"]) => create(inside, kind, &body, user, base),
        (_, ["requests", rest @ ..]) => reviews::requests(inside, method, rest, user, base),
        (_, ["records", id, rest @ ..]) => {
            if !inside.records.contains_key(*id) {
                return not_found();
            }
            let more = inside.more(id).clone();
            if more.owner != user {
                return permission_denied();
            }
            one(inside, request, id, rest, &body, base)
        }
        _ => not_found(),
    }
}

fn create(inside: &mut Inside, kind: &str, body: &Value, user: u8, base: &str) -> Response {
    if !kind.is_empty() && !kind.starts_with("application/json") {
        let message = "Invalid 'Content-Type' header. Expected one of: application/json, \
            application/ld+json;profile=\"https://w3id.org/ro/crate/1.1\"";
        return error(415, message);
    }
    if body.is_array() {
        return broken();
    }
    if let Some(refused) = unknown_term(body).or_else(|| unknown_access(body)) {
        return refused;
    }
    let id = inside.new_id();
    let parent = inside.new_id();
    let record = new_record(inside, &id, &parent, kept(body));
    inside.records.insert(id.clone(), record);
    inside.more(&id).owner = user;
    // A body without metadata is not looked at.
    let found = match body["metadata"].as_object() {
        Some(_) => complaints(body),
        None => vec![no_publisher()],
    };
    Response::json(201, &with_errors(shown(inside, &id, base, true), found))
}

fn unknown_access(body: &Value) -> Option<Response> {
    let record = body["access"]["record"].as_str()?;
    let is_known = ["public", "restricted"].contains(&record);
    (!is_known).then(|| invalid(&[json!({ "field": "access", "messages": ["'record'"] })]))
}

fn no_publisher() -> Value {
    let message = "Missing publisher field required for DOI registration.";
    json!({ "field": "metadata.publisher", "messages": [message] })
}

/// What is found wrong when a draft is saved; the publisher is looked at last.
fn complaints(body: &Value) -> Vec<Value> {
    let mut found = errors(body);
    if body["metadata"]["publisher"].as_str().is_none() && body["metadata"].is_object() {
        found.push(no_publisher());
    }
    found
}

fn with_errors(mut body: Value, found: Vec<Value>) -> Value {
    if !found.is_empty() {
        body["errors"] = found.into();
    }
    body
}

fn new_record(inside: &Inside, id: &str, parent: &str, body: Value) -> Record {
    Record {
        id: id.to_owned(),
        parent: parent.to_owned(),
        body,
        published: false,
        doi: None,
        files: Default::default(),
        communities: Vec::new(),
        created: inside.next,
        waits: None,
        hidden: inside.behaviour.search_lag,
    }
}

/// What may be asked of a record of one's own.
fn one(
    inside: &mut Inside,
    request: &Request,
    id: &str,
    rest: &[&str],
    body: &Value,
    base: &str,
) -> Response {
    let method = request.method.as_str();
    let published = inside.records[id].published;
    match (method, rest) {
        ("DELETE", []) => permission_denied(),
        ("POST", ["versions"]) if published => new_version(inside, id, base),
        ("POST", ["versions"]) => not_registered(),
        ("GET" | "POST", ["communities" | "requests"]) => {
            reviews::of_record(inside, method, id, rest[0], body, base)
        }
        ("POST", ["draft"]) if published => {
            let body = inside.records[id].body.clone();
            inside.more(id).edit.get_or_insert(body);
            Response::json(201, &shown(inside, id, base, true))
        }
        ("GET", ["draft"]) if published && inside.more(id).edit.is_none() => not_found(),
        (_, ["draft", ..]) if published && inside.more(id).edit.is_none() => {
            error(404, "Not found.")
        }
        (_, ["draft", rest @ ..]) => draft(inside, request, id, rest, body, base),
        _ => not_found(),
    }
}

fn not_registered() -> Response {
    error(404, "The persistent identifier is not registered.")
}

fn draft(
    inside: &mut Inside,
    request: &Request,
    id: &str,
    rest: &[&str],
    body: &Value,
    base: &str,
) -> Response {
    let no_reservation = inside.behaviour.no_reservation;
    let under_review = inside.more(id).review.clone();
    let published = inside.records[id].published;
    match (request.method.as_str(), rest) {
        ("GET", []) => Response::json(200, &shown(inside, id, base, true)),
        ("PUT", []) => update(inside, id, body, base),
        ("DELETE", []) if under_review.is_some() => error(
            400,
            "You cannot delete a draft with an open review. Please cancel the review first.",
        ),
        ("DELETE", []) => {
            if published {
                inside.more(id).edit = None;
                let files = &mut inside.records.get_mut(id).unwrap().files;
                files.retain(|_, file| file.committed);
            } else {
                inside.records.remove(id);
            }
            Response::empty(204).with("Content-Type", "text/html; charset=utf-8")
        }
        ("POST", ["pids", "doi"]) if no_reservation => not_found(),
        ("POST", ["pids", "doi"]) => {
            let doi = format!("{}/{id}", inside.behaviour.prefix);
            let record = inside.records.get_mut(id).unwrap();
            if record.doi.is_some() {
                let message = "A PID already exists for type doi";
                return invalid(&[json!({ "field": "pids.doi", "messages": [message] })]);
            }
            record.doi = Some(doi);
            Response::json(201, &shown(inside, id, base, true))
        }
        ("DELETE", ["pids", "doi"]) => {
            if inside.records.get_mut(id).unwrap().doi.take().is_none() {
                return not_found();
            }
            Response::json(200, &shown(inside, id, base, true))
        }
        ("POST", ["actions", "publish"]) if under_review.is_some() => error(
            400,
            "You cannot publish a draft with an open review request. Please cancel the review \
             request first.",
        ),
        ("POST", ["actions", "publish"]) => publish(inside, id, base),
        ("POST", ["actions", "files-import"]) => import(inside, id, base),
        (_, ["review"] | ["actions", "submit-review"]) => {
            reviews::of_draft(inside, &request.method, id, rest, body, base)
        }
        (_, ["files", rest @ ..]) => files::route(inside, request, id, rest, body, base),
        _ => not_found(),
    }
}

fn update(inside: &mut Inside, id: &str, body: &Value, base: &str) -> Response {
    if let Some(refused) = unknown_term(body).or_else(|| unknown_access(body)) {
        return refused;
    }
    let mut found = Vec::new();
    let prefix = inside.behaviour.prefix.clone();
    let published = inside.records[id].published;
    let record = inside.records.get_mut(id).unwrap();
    let mut now = kept(body);
    if let Some(pids) = body.get("pids").filter(|pids| pids["doi"].is_object()) {
        record.doi = pids["doi"]["identifier"].as_str().map(str::to_owned);
    } else if let Some(pids) = record.body.get("pids").cloned() {
        // A reserved DOI stays even if it is not sent along.
        now["pids"] = pids;
    }
    if now["files"]["enabled"] == false && !record.files.is_empty() {
        let message = "You must first delete all files to set the record to be metadata-only.";
        found.push(json!({ "field": "files.enabled", "messages": [message] }));
        now["files"]["enabled"] = true.into();
    } else if now["files"]["enabled"] != false && record.files.is_empty() {
        found.push(no_files());
    }
    found.extend(errors(body));
    found.extend(wrong_doi(&now, record.doi.as_deref(), &prefix));
    if body["metadata"]["publisher"].as_str().is_none() {
        found.push(no_publisher());
    }
    if published {
        inside.more(id).edit = Some(now);
    } else {
        record.body = now;
    }
    Response::json(200, &with_errors(shown(inside, id, base, true), found))
}

fn no_files() -> Value {
    let message = "Missing uploaded files. To disable files for this record please mark it as \
        metadata-only.";
    json!({ "field": "files.enabled", "messages": [message] })
}

fn wrong_doi(body: &Value, doi: Option<&str>, prefix: &str) -> Option<Value> {
    if body["pids"]["doi"]["provider"] != "external" {
        return None;
    }
    let message = match doi {
        Some(doi) if doi.starts_with(&format!("{prefix}/")) => format!(
            "The prefix '{prefix}' is managed by InvenioRDM. Please supply an external DOI or \
             select 'No' to have a DOI generated for you."
        ),
        Some(doi) if doi.starts_with("10.") => return None,
        _ => "Invalid DOI".to_owned(),
    };
    Some(json!({ "field": "pids.doi", "messages": [message] }))
}

fn publish(inside: &mut Inside, id: &str, base: &str) -> Response {
    let behaviour = inside.behaviour.clone();
    let edit = inside.more(id).edit.clone();
    let record = inside.records.get_mut(id).unwrap();
    let body = edit.unwrap_or_else(|| record.body.clone());
    let mut found = errors(&body);
    found.extend(wrong_doi(&body, record.doi.as_deref(), &behaviour.prefix));
    if found.is_empty() {
        if record.files.is_empty() && body["files"]["enabled"] != false {
            found.push(no_files());
        }
        if record.files.values().any(|file| !file.committed) {
            let message = "One or more files have not completed their transfer, please wait.";
            found.push(json!({ "field": "files", "messages": [message] }));
        }
    }
    if !found.is_empty() {
        return invalid(&found);
    }
    let is_hidden = body["access"]["record"] == "restricted";
    record.body = body;
    let given = record.doi.clone();
    record.doi = match (&behaviour.published_prefix, given) {
        (Some(prefix), _) => Some(format!("{prefix}/{id}")),
        (None, None) if is_hidden => None,
        (None, None) => Some(format!("{}/{id}", behaviour.prefix)),
        (None, given) => given,
    };
    if behaviour.slow_publication > 0 {
        if record.waits.is_none() {
            record.waits = Some(behaviour.slow_publication);
        }
    } else {
        record.published = true;
    }
    inside.more(id).edit = None;
    Response::json(202, &shown(inside, id, base, false))
}

fn published(inside: &mut Inside, id: &str, user: Option<u8>, base: &str) -> Response {
    let Some(record) = inside.records.get_mut(id) else {
        let newest = inside
            .records
            .values()
            .filter(|one| one.parent == id && one.published);
        return match newest.max_by_key(|one| one.created) {
            Some(record) => {
                let to = format!("{base}/api/records/{}", record.id);
                let mut answer = Response::empty(302).with("Location", to);
                answer
                    .headers
                    .push(("Content-Type".into(), "text/html; charset=utf-8".into()));
                answer
            }
            None => not_found(),
        };
    };
    match &mut record.waits {
        Some(0) => record.published = true,
        Some(waits) => *waits -= 1,
        None => {}
    }
    if !record.published {
        return not_registered();
    }
    let is_hidden = record.body["access"]["record"] == "restricted";
    if is_hidden && user != Some(inside.more(id).owner) {
        return permission_denied();
    }
    Response::json(200, &shown(inside, id, base, false))
}

fn published_files(
    inside: &mut Inside,
    request: &Request,
    id: &str,
    rest: &[&str],
    user: Option<u8>,
    base: &str,
) -> Response {
    let Some(record) = inside.records.get(id).filter(|one| one.published) else {
        return not_found();
    };
    let is_closed = record.body["access"]["files"] == "restricted";
    if is_closed && user != Some(inside.more(id).owner) {
        return permission_denied();
    }
    match rest {
        [] => files::listing(inside, id, base, false, 200),
        [key] => match inside.records[id].files.get(*key) {
            Some(file) => Response::json(200, &files::entry(id, key, file, base, false)),
            None => error(404, &format!("Record '{id}' has no file '{key}'.")),
        },
        _ => files::route(inside, request, id, rest, &Value::Null, base),
    }
}

fn new_version(inside: &mut Inside, id: &str, base: &str) -> Response {
    let old = inside.records[id].clone();
    let of_same = |one: &&Record| one.parent == old.parent;
    let open = inside
        .records
        .values()
        .find(|one| of_same(one) && !one.published);
    if let Some(open) = open.map(|one| one.id.clone()) {
        return Response::json(201, &shown(inside, &open, base, true));
    }
    let index = inside.records.values().filter(of_same).count() + 1;
    let mut body = old.body;
    if let Some(metadata) = body["metadata"].as_object_mut() {
        metadata.remove("version");
    }
    body.as_object_mut().unwrap().remove("pids");
    let owner = inside.more(id).owner;
    let id = inside.new_id();
    let record = new_record(inside, &id, &old.parent, body);
    inside.records.insert(id.clone(), record);
    *inside.more(&id) = More {
        owner,
        index,
        ..More::default()
    };
    Response::json(201, &shown(inside, &id, base, true))
}

/// The files of the version before.
fn import(inside: &mut Inside, id: &str, base: &str) -> Response {
    if !inside.records[id].files.is_empty() {
        let message = "Please remove all files first.";
        return invalid(&[json!({ "field": "files.enabled", "messages": [message] })]);
    }
    let parent = inside.records[id].parent.clone();
    let earlier = inside
        .records
        .values()
        .filter(|one| one.parent == parent && one.published);
    let files = earlier
        .max_by_key(|one| one.created)
        .map(|one| one.files.clone());
    inside.records.get_mut(id).unwrap().files = files.unwrap_or_default();
    for file in inside.records.get_mut(id).unwrap().files.values_mut() {
        file.declared = Default::default();
    }
    files::listing(inside, id, base, true, 201)
}

fn versions(inside: &mut Inside, id: &str, base: &str) -> Response {
    let Some(parent) = inside.records.get(id).map(|one| one.parent.clone()) else {
        return not_found();
    };
    let all = inside
        .records
        .values()
        .filter(|one| one.parent == parent && one.published);
    let mut ids: Vec<(u64, String)> = all.map(|one| (one.created, one.id.clone())).collect();
    ids.sort_by(|a, b| b.cmp(a));
    let hits: Vec<Value> = ids
        .iter()
        .map(|(_, id)| shown(inside, id, base, false))
        .collect();
    let own = format!("{base}/api/records/{id}/versions?page=1&size=25&sort=version");
    page(&hits, "version", &own)
}

pub(super) fn page(hits: &[Value], sort: &str, own: &str) -> Response {
    let total = hits.len();
    let body = json!({
        "hits": { "hits": hits, "total": total },
        "sortBy": sort,
        "page": 1,
        "links": { "self": own },
    });
    Response::json(200, &body)
}

fn latest(inside: &mut Inside, id: &str, base: &str) -> Response {
    let Some(parent) = inside.records.get(id).map(|one| one.parent.clone()) else {
        return not_found();
    };
    let all = inside
        .records
        .values()
        .filter(|one| one.parent == parent && one.published);
    let Some(newest) = all.max_by_key(|one| one.created) else {
        return not_found();
    };
    let to = format!("{base}/api/records/{}", newest.id);
    let body = json!({ "status": 301, "message": "Redirecting...", "location": to });
    Response::json(301, &body).with("Location", to)
}

/// Records that anybody may see, or those of a user with the drafts.
fn search(inside: &mut Inside, request: &Request, base: &str, user: Option<u8>) -> Response {
    let number = |name: &str, default| {
        request
            .query(name)
            .and_then(|v| v.parse().ok())
            .unwrap_or(default)
    };
    let (size, page): (usize, usize) = (number("size", 25), number("page", 1));
    let text = request.query("q");
    let wanted = text
        .as_deref()
        .map(|text| text.trim_start_matches("id:").trim_matches('"').to_owned());
    let mut all: Vec<(u64, String)> = Vec::new();
    for record in inside.records.values_mut() {
        let by_id = wanted.as_ref().is_none_or(|id| *id == record.id);
        if !by_id || (user.is_none() && !record.published) {
            continue;
        }
        if record.hidden > 0 {
            record.hidden -= 1;
            continue;
        }
        all.push((record.created, record.id.clone()));
    }
    all.retain(|(_, id)| user.is_none_or(|user| inside.more(id).owner == user));
    all.sort_by(|a, b| b.cmp(a));
    let total = all.len();
    let mut hits = Vec::new();
    for (_, id) in all.iter().skip((page - 1) * size).take(size) {
        let is_draft = !inside.records[id].published || inside.more(id).edit.is_some();
        hits.push(shown(inside, id, base, is_draft));
    }
    let sort = request.query("sort").unwrap_or_else(|| "bestmatch".into());
    let place = if user.is_some() {
        "user/records"
    } else {
        "records"
    };
    let drafts = if request.query("is_published").is_some() {
        "is_published=false&"
    } else {
        ""
    };
    let text = text
        .map(|text| format!("q={}&", text.replace('"', "%22")))
        .unwrap_or_default();
    let own = format!("{base}/api/{place}?{drafts}page={page}&{text}size={size}&sort={sort}");
    let body = json!({
        "hits": { "hits": hits, "total": total },
        "sortBy": sort,
        "page": page,
        "links": { "self": own },
    });
    Response::json(200, &body)
}
