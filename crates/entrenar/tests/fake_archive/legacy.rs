//! The older deposit API.

use serde_json::{Value, json};

use super::http::{Request, Response};
use super::{Inside, Record, StoredFile, error, invalid, md5, not_found, permission_denied, time};

pub(super) fn depositions(
    inside: &mut Inside,
    request: &Request,
    rest: &[&str],
    base: &str,
) -> Response {
    if inside.behaviour.no_scope && request.method != "GET" {
        return permission_denied();
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let method = request.method.as_str();
    match (method, rest) {
        ("GET", []) => {
            let number = |name: &str, default: usize| {
                request
                    .query(name)
                    .and_then(|v| v.parse().ok())
                    .unwrap_or(default)
            };
            let (size, page) = (number("size", 10), number("page", 1));
            let only_drafts = request.query("status").as_deref() == Some("draft");
            let mut all: Vec<&mut Record> = inside.records.values_mut().collect();
            all.sort_by_key(|one| std::cmp::Reverse(one.created));
            let mut hits = Vec::new();
            for record in all {
                if record.hidden > 0 {
                    record.hidden -= 1;
                } else if !(only_drafts && record.published) {
                    hits.push(shown(record, base));
                }
            }
            let hits: Vec<Value> = hits
                .into_iter()
                .skip((page - 1) * size)
                .take(size)
                .collect();
            Response::json(200, &hits.into())
        }
        ("POST", []) => {
            if let Some(refused) = bad_license(&body) {
                return refused;
            }
            let id = inside.new_id();
            let doi = format!("{}/zenodo.{id}", inside.behaviour.prefix);
            let record = Record {
                id: id.clone(),
                parent: id.clone(),
                body,
                published: false,
                doi: Some(doi),
                files: Default::default(),
                communities: Vec::new(),
                created: inside.next,
                waits: None,
                hidden: inside.behaviour.search_lag,
            };
            let answer = Response::json(201, &shown(&record, base));
            inside.records.insert(id, record);
            answer
        }
        (_, [id, rest @ ..]) if inside.records.contains_key(*id) => {
            one(inside, request, id, rest, &body, base)
        }
        _ => not_found(),
    }
}

fn one(
    inside: &mut Inside,
    request: &Request,
    id: &str,
    rest: &[&str],
    body: &Value,
    base: &str,
) -> Response {
    let record = inside.records.get_mut(id).unwrap();
    match (request.method.as_str(), rest) {
        ("GET", []) => Response::json(200, &shown(record, base)),
        ("PUT", []) => {
            if let Some(refused) = bad_license(body) {
                return refused;
            }
            record.body = body.clone();
            Response::json(200, &shown(record, base))
        }
        ("DELETE", []) if record.published => error(403, "Cannot delete a published record."),
        ("DELETE", []) => {
            inside.records.remove(id);
            Response::empty(204)
        }
        ("GET", ["files"]) => Response::json(200, &shown(record, base)["files"]),
        ("POST", ["actions", "publish"]) if record.published => not_found(),
        ("POST", ["actions", "publish"]) => {
            let metadata = &record.body["metadata"];
            let creators = metadata["creators"].as_array().cloned().unwrap_or_default();
            let mut found = Vec::new();
            for (at, creator) in creators.iter().enumerate() {
                let orcid = creator["orcid"].as_str();
                if orcid.is_some_and(|orcid| entrenar::research::Orcid::parse(orcid).is_err()) {
                    let field =
                        format!("metadata.creators.{at}.person_or_org.identifiers.0.identifier");
                    found
                        .push(json!({ "field": field, "messages": ["Invalid ORCID identifier."] }));
                }
            }
            for field in ["title", "creators"] {
                if metadata[field].is_null() {
                    found.push(json!({ "field": format!("metadata.{field}"),
                        "messages": ["Missing data for required field."] }));
                }
            }
            if record.files.is_empty() {
                found.push(
                    json!({ "field": "files", "messages": ["Minimum one file must be provided."] }),
                );
            }
            if !found.is_empty() {
                return invalid(&found);
            }
            record.published = true;
            Response::json(202, &shown(record, base))
        }
        ("POST", ["actions", "newversion"]) => {
            let old = record.clone();
            let open = inside
                .records
                .values()
                .find(|one| one.parent == old.parent && !one.published)
                .map(|one| one.id.clone());
            let new = open.unwrap_or_else(|| {
                let new = inside.new_id();
                let doi = format!("{}/zenodo.{new}", inside.behaviour.prefix);
                let record = Record {
                    id: new.clone(),
                    published: false,
                    doi: Some(doi),
                    created: inside.next,
                    ..old.clone()
                };
                inside.records.insert(new.clone(), record);
                new
            });
            let mut answer = shown(&inside.records[id], base);
            let latest = format!("{base}/api/deposit/depositions/{new}");
            answer["links"]["latest_draft"] = latest.into();
            Response::json(201, &answer)
        }
        _ => not_found(),
    }
}

pub(super) fn bucket(inside: &mut Inside, request: &Request, id: &str, name: &str) -> Response {
    let Some(record) = inside.records.get_mut(id).filter(|one| !one.published) else {
        return not_found();
    };
    match request.method.as_str() {
        "PUT" => {
            let mut bytes = request.body.clone();
            if bytes.is_empty() {
                return error(400, "Empty files are not accepted.");
            }
            let size = u64::try_from(bytes.len()).unwrap();
            if size > inside.behaviour.quota {
                return error(413, "");
            }
            if inside.behaviour.damaged > 0 {
                inside.behaviour.damaged -= 1;
                bytes[0] ^= 1;
            } else {
                *inside.taken.entry((id.into(), name.into(), 0)).or_default() += 1;
            }
            inside.content_bytes += size;
            let file = StoredFile {
                md5: md5(&bytes),
                size,
                content: Some(bytes),
                committed: true,
                parts: None,
                ..StoredFile::default()
            };
            let answer =
                json!({ "key": name, "size": size, "checksum": format!("md5:{}", file.md5) });
            record.files.insert(name.to_owned(), file);
            Response::json(201, &answer)
        }
        "DELETE" => match record.files.remove(name) {
            Some(_) => Response::empty(204),
            None => not_found(),
        },
        _ => not_found(),
    }
}

fn shown(record: &Record, base: &str) -> Value {
    let id = &record.id;
    let mut metadata = record.body["metadata"].clone();
    if metadata.is_null() {
        metadata = json!({});
    }
    let doi = record.doi.clone().unwrap_or_default();
    metadata["prereserve_doi"] = json!({ "doi": doi, "recid": id });
    let files: Vec<Value> = record
        .files
        .iter()
        .map(|(name, file)| {
            json!({ "id": format!("{id}-{name}"), "filename": name, "filesize": file.size,
                "checksum": file.md5 })
        })
        .collect();
    let mut links = json!({
        "self": format!("{base}/api/deposit/depositions/{id}"),
        "html": format!("{base}/deposit/{id}"),
        "bucket": format!("{base}/api/files/{id}"),
        "publish": format!("{base}/api/deposit/depositions/{id}/actions/publish"),
    });
    if record.published {
        links["record_html"] = format!("{base}/records/{id}").into();
        links["latest_draft"] = format!("{base}/api/deposit/depositions/{id}").into();
    }
    json!({
        "id": id,
        "conceptrecid": record.parent,
        "record_id": id,
        "created": time(record.created),
        "submitted": record.published,
        "state": if record.published { "done" } else { "unsubmitted" },
        "doi": if record.published { doi.clone() } else { String::new() },
        "title": metadata["title"],
        "metadata": metadata,
        "files": files,
        "links": links,
    })
}

fn bad_license(body: &Value) -> Option<Response> {
    let license = body["metadata"]["license"].as_str()?;
    license.starts_with("nope").then(|| {
        invalid(&[json!({ "field": "metadata.license",
            "messages": [format!("Invalid license provided: {license}")] })])
    })
}
