//! Figshare's API, version 2, and its upload service.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::super::fake_archive::http::{Listening, Request, Response, decode};
use super::{lock, md5, serve};

pub(crate) const TOKEN: &str = "tok-f1gsh4re-0123456789";

#[derive(Debug, Clone, Default)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) size: usize,
    pub(crate) md5: String,
    pub(crate) parts: BTreeMap<usize, Vec<u8>>,
    /// Looks until the parts are put together, once they are complete.
    pub(crate) looks: Option<u32>,
}

impl Upload {
    fn count(&self, part: usize) -> usize {
        self.size.div_ceil(part).max(1)
    }

    pub(crate) fn content(&self) -> Vec<u8> {
        self.parts.values().flatten().copied().collect()
    }

    /// The checksum, when the parts are put together.
    fn computed(&self) -> Option<String> {
        (self.looks == Some(0)).then(|| md5(&self.content()))
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Article {
    pub(crate) body: Value,
    pub(crate) doi: Option<String>,
    pub(crate) embargo: Option<Value>,
    pub(crate) files: BTreeMap<u64, Upload>,
    pub(crate) version: u64,
    /// What is public: the body of the last publication.
    pub(crate) public: Option<Value>,
}

#[derive(Debug, Default)]
pub(crate) struct Inside {
    pub(crate) articles: BTreeMap<u64, Article>,
    /// Times that each part was taken.
    pub(crate) taken: BTreeMap<(u64, usize), u32>,
    pub(crate) part: usize,
    next: u64,
}

#[derive(Debug)]
pub(crate) struct FakeFigshare {
    inside: Arc<Mutex<Inside>>,
    listening: Listening,
}

impl FakeFigshare {
    /// A Figshare whose parts have `part` bytes.
    pub(crate) fn start(part: usize) -> Self {
        let inside = Inside {
            part,
            next: 1000,
            ..Inside::default()
        };
        let inside = Arc::new(Mutex::new(inside));
        let shared = Arc::clone(&inside);
        let listening = Listening::start(0, move |stream| {
            serve(stream, |request, base| {
                answer(&mut lock(&shared), request, base)
            });
        })
        .unwrap();
        Self { inside, listening }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/v2", self.listening.url())
    }

    pub(crate) fn host(&self) -> String {
        self.listening.url()
    }

    pub(crate) fn inside(&self) -> MutexGuard<'_, Inside> {
        lock(&self.inside)
    }
}

fn error(status: u16, message: &str) -> Response {
    Response::json(status, &json!({ "message": message, "code": status }))
}

fn answer(inside: &mut Inside, request: &Request, base: &str) -> Response {
    let path = decode(request.path());
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    if let ["upload", rest @ ..] = parts.as_slice() {
        return upload(inside, request, rest);
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let method = request.method.as_str();
    match (method, parts.as_slice()) {
        ("GET", ["v2", "categories"]) => Response::json(
            200,
            &json!([{ "id": 2, "title": "Uncategorised" }, { "id": 77, "title": "Machine learning" }]),
        ),
        ("GET", ["v2", "articles", id]) => match article(inside, id) {
            Some((id, found)) => match &found.public {
                Some(body) => {
                    let mut body = body.clone();
                    body["id"] = id.into();
                    body["version"] = found.version.into();
                    body["figshare_url"] = format!("{base}/articles/{id}").into();
                    Response::json(200, &body)
                }
                None => error(404, "Article not found"),
            },
            None => error(404, "Article not found"),
        },
        (_, ["v2", "account", rest @ ..]) => {
            if request.header("authorization") != Some(&format!("token {TOKEN}")) {
                return error(403, "Invalid access token");
            }
            account(inside, request, rest, &body, base)
        }
        _ => error(404, "Not found"),
    }
}

fn article<'a>(inside: &'a mut Inside, id: &str) -> Option<(u64, &'a mut Article)> {
    let id = id.parse().ok()?;
    Some((id, inside.articles.get_mut(&id)?))
}

fn account(
    inside: &mut Inside,
    request: &Request,
    rest: &[&str],
    body: &Value,
    base: &str,
) -> Response {
    let page: usize = request
        .query("page")
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let size: usize = request
        .query("page_size")
        .and_then(|text| text.parse().ok())
        .unwrap_or(10);
    let paged = |all: Vec<Value>| {
        let items: Vec<Value> = all.into_iter().skip((page - 1) * size).take(size).collect();
        Response::json(200, &items.into())
    };
    match (request.method.as_str(), rest) {
        ("GET", ["licenses"]) => paged(vec![
            json!({ "value": 1, "name": "CC BY 4.0", "url": "https://creativecommons.org/licenses/by/4.0/" }),
            json!({ "value": 3, "name": "MIT", "url": "https://opensource.org/licenses/MIT" }),
        ]),
        ("GET", ["articles"]) => paged(
            inside
                .articles
                .iter()
                .rev()
                .map(|(id, one)| {
                    json!({ "id": id, "title": one.body["title"],
                        "published_date": one.public.as_ref().map(|_| "2026-11-22T00:00:00Z") })
                })
                .collect(),
        ),
        ("POST", ["articles"]) => {
            if body["title"]
                .as_str()
                .is_none_or(|title| title.chars().count() < 3)
            {
                return error(400, "Title is too short");
            }
            inside.next += 1;
            let id = inside.next;
            inside.articles.insert(
                id,
                Article {
                    body: body.clone(),
                    ..Article::default()
                },
            );
            let place = format!("{base}/v2/account/articles/{id}");
            Response::json(201, &json!({ "entity_id": id, "location": place }))
                .with("Location", place)
        }
        (method, ["articles", id, rest @ ..]) => {
            let part = inside.part;
            let next = inside.next + 1;
            let Some((id, found)) = article(inside, id) else {
                return error(404, "Article not found");
            };
            match (method, rest) {
                ("DELETE", []) => {
                    inside.articles.remove(&id);
                    Response::empty(204)
                }
                ("POST", ["files"]) => {
                    let file = Upload {
                        name: body["name"].as_str().unwrap().to_owned(),
                        size: body["size"].as_u64().unwrap().try_into().unwrap(),
                        md5: body["md5"].as_str().unwrap().to_owned(),
                        ..Upload::default()
                    };
                    found.files.insert(next, file);
                    inside.next = next;
                    let place = format!("{base}/v2/account/articles/{id}/files/{next}");
                    Response::json(201, &json!({ "location": place })).with("Location", place)
                }
                ("GET", ["files"]) => {
                    let all = found
                        .files
                        .iter()
                        .map(|(id, file)| shown(*id, file, base))
                        .collect();
                    paged(all)
                }
                _ => one(id, found, method, rest, body, base, part),
            }
        }
        _ => error(404, "Not found"),
    }
}

fn one(
    id: u64,
    found: &mut Article,
    method: &str,
    rest: &[&str],
    body: &Value,
    base: &str,
    part: usize,
) -> Response {
    match (method, rest) {
        ("GET", []) => {
            let mut body = found.body.clone();
            body["id"] = id.into();
            body["doi"] = found.doi.clone().unwrap_or_default().into();
            Response::json(200, &body)
        }
        ("PUT", []) => {
            let authors = body["authors"].as_array().map_or(0, Vec::len);
            if authors > 10 {
                return error(400, "No more than 10 authors");
            }
            if !body["license"].is_null() && !body["license"].is_u64() {
                return error(400, "Invalid license");
            }
            found.body = body.clone();
            Response::empty(205)
        }
        ("POST", ["authors"]) => {
            let more = body["authors"].as_array().unwrap().clone();
            found.body["authors"].as_array_mut().unwrap().extend(more);
            Response::empty(205)
        }
        ("POST", ["reserve_doi"]) => {
            let doi = found.doi.get_or_insert(format!("10.6084/m9.figshare.{id}"));
            Response::json(200, &json!({ "doi": doi }))
        }
        ("PUT", ["embargo"]) => {
            found.embargo = Some(body.clone());
            Response::empty(205)
        }
        ("DELETE", ["embargo"]) => {
            found.embargo = None;
            Response::empty(204)
        }
        ("POST", ["publish"]) => {
            for needed in [
                "title",
                "description",
                "authors",
                "categories",
                "tags",
                "license",
            ] {
                if found.body[needed].is_null() {
                    return error(400, &format!("Missing mandatory field: {needed}"));
                }
            }
            if found.files.values().any(|file| file.computed().is_none()) {
                return error(400, "Files are still being processed");
            }
            found.version += 1;
            let mut public = found.body.clone();
            public["doi"] = found.doi.clone().unwrap_or_default().into();
            found.public = Some(public);
            Response::json(
                201,
                &json!({ "location": format!("{base}/v2/articles/{id}") }),
            )
        }
        (method, ["files", file]) => {
            let Ok(number) = file.parse::<u64>() else {
                return error(404, "File not found");
            };
            let Some(file) = found.files.get_mut(&number) else {
                return error(404, "File not found");
            };
            match method {
                "GET" => {
                    if let Some(looks) = file.looks.as_mut().filter(|looks| **looks > 0) {
                        *looks -= 1;
                    }
                    Response::json(200, &shown(number, file, base))
                }
                "DELETE" => {
                    found.files.remove(&number);
                    Response::empty(204)
                }
                _ if file.parts.len() < file.count(part) => error(400, "Parts are missing"),
                _ => {
                    file.looks.get_or_insert(2);
                    Response::empty(202)
                }
            }
        }
        _ => error(404, "Not found"),
    }
}

fn shown(id: u64, file: &Upload, base: &str) -> Value {
    json!({
        "id": id,
        "name": file.name,
        "size": file.size,
        "status": if file.computed().is_some() { "available" } else { "created" },
        "upload_url": format!("{base}/upload/token-{id}"),
        "upload_token": format!("token-{id}"),
        "supplied_md5": file.md5,
        "computed_md5": file.computed().unwrap_or_default(),
    })
}

fn upload(inside: &mut Inside, request: &Request, rest: &[&str]) -> Response {
    let number = rest
        .first()
        .and_then(|token| token.strip_prefix("token-")?.parse::<u64>().ok());
    let part = inside.part;
    let mut files = inside
        .articles
        .values_mut()
        .flat_map(|one| one.files.iter_mut());
    let Some((id, file)) = files.find(|(id, _)| Some(**id) == number) else {
        return Response::empty(404);
    };
    let stretch = |at: usize, file: &Upload| {
        let first = (at - 1) * part;
        (first, (first + part).min(file.size))
    };
    match (request.method.as_str(), rest) {
        ("GET", [_]) => {
            let parts: Vec<Value> = (1..=file.count(part))
                .map(|at| {
                    let (first, end) = stretch(at, file);
                    let status = if file.parts.contains_key(&at) {
                        "COMPLETE"
                    } else {
                        "PENDING"
                    };
                    json!({ "partNo": at, "startOffset": first, "endOffset": end - 1,
                        "status": status, "locked": false })
                })
                .collect();
            let body = json!({ "token": rest[0], "name": file.name, "size": file.size,
                "md5": file.md5, "status": "PENDING", "parts": parts });
            Response::json(200, &body)
        }
        ("PUT", [_, at]) => {
            let Ok(at) = at.parse::<usize>() else {
                return Response::empty(404);
            };
            if at == 0 || at > file.count(part) {
                return Response::empty(404);
            }
            let (first, end) = stretch(at, file);
            if request.body.len() != end - first {
                return Response::empty(409);
            }
            file.parts.insert(at, request.body.clone());
            let id = *id;
            *inside.taken.entry((id, at)).or_default() += 1;
            Response::empty(200)
        }
        _ => Response::empty(404),
    }
}
