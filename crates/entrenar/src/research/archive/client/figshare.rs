//! Figshare's API, version 2.
//!
//! Source: Figshare's documentation (<https://docs.figshare.com>): "Articles", "Licenses",
//! "Categories", and "Figshare Upload Service" for the parts of a file. An article that is public
//! stays the same article: its next publication makes a new version of it.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::api::{Archive, LocalFile, PublishedRecord, RemoteFile, Sending, Standing};
use super::super::error::{ArchiveError, Refusal};
use super::super::http::{Again, Answer, FileBody, Http, RequestBody, may_upload_to};
use super::super::state::{Access, ArchiveApi, Draft, Terms};
use super::invenio::text_of;
use super::spdx_name;
use crate::research::ResearchArtifact;
use crate::research::format::facts::Facts;
use crate::research::format::figshare;

const ARTICLES: &str = "/account/articles";
const PAGE: usize = 100;
const MOST_PAGES: usize = 50;
/// How often a file is looked at until Figshare has put its parts together, and the pause.
const LOOKS: u32 = 30;
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// Authors that an article may be given at once; more are added one by one.
const AUTHORS_AT_ONCE: usize = 10;
const LONGEST_TITLE: usize = 500;

/// Figshare.
#[derive(Debug, Clone)]
pub(in super::super) struct FigshareArchive {
    http: Http,
    categories: Vec<String>,
}

impl FigshareArchive {
    /// The archive that `http` reaches; `categories` are ids or titles of Figshare's categories.
    pub(in super::super) fn new(http: Http, categories: Vec<String>) -> Self {
        Self { http, categories }
    }

    fn path(draft: &Draft) -> String {
        format!("{ARTICLES}/{}", super::invenio::encode(&draft.id))
    }

    fn get(&self, path: &str) -> Result<Value, ArchiveError> {
        self.http.json("GET", path, RequestBody::None, Again::Safe)
    }

    fn get_if_there(&self, path: &str) -> Result<Option<Value>, ArchiveError> {
        match self.get(path) {
            Ok(found) => Ok(Some(found)),
            Err(ArchiveError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn strange(&self, what: &str) -> ArchiveError {
        ArchiveError::NotAnArchive {
            host: self.http.host().to_owned(),
            what: what.to_owned(),
        }
    }

    /// Sends what is answered without a body that is read.
    fn send(
        &self,
        method: &'static str,
        path: &str,
        body: RequestBody<'_>,
        again: Again,
    ) -> Result<Answer, ArchiveError> {
        let answer = self.http.send(method, path, body, again)?;
        if answer.is_success() {
            return Ok(answer);
        }
        Err(self.http.refusal(path, &answer))
    }

    fn delete(&self, path: &str) -> Result<(), ArchiveError> {
        match self.send("DELETE", path, RequestBody::None, Again::Safe) {
            Ok(_) | Err(ArchiveError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// All pages of a list.
    fn pages(&self, path: &str) -> Result<Vec<Value>, ArchiveError> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let listing = self.get(&format!("{path}?page={page}&page_size={PAGE}"))?;
            let Value::Array(items) = listing else {
                return Err(self.strange("a list that is none"));
            };
            let count = items.len();
            all.extend(items);
            if count < PAGE {
                break;
            }
        }
        Ok(all)
    }

    /// The id that the answer to a creation names: in its body, or at the end of the address.
    fn id_of(&self, answer: &Answer) -> Result<String, ArchiveError> {
        let body = answer.json().unwrap_or_default();
        let number = body.get("entity_id").and_then(Value::as_u64);
        let location = text_of(&body, "location");
        let location = location.as_deref().or_else(|| answer.header("location"));
        let last = location.and_then(|place| place.trim_end_matches('/').rsplit('/').next());
        let id = number
            .map(|number| number.to_string())
            .or_else(|| last.map(str::to_owned));
        id.filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
            .ok_or_else(|| self.strange("it made something without an id"))
    }

    /// The public version of an article, 0 where there is none.
    fn public_version(&self, id: &str) -> Result<(u64, Option<Value>), ArchiveError> {
        let found = self.get_if_there(&format!("/articles/{}", super::invenio::encode(id)))?;
        let version = found
            .as_ref()
            .and_then(|found| found.get("version")?.as_u64());
        Ok((found.as_ref().map_or(0, |_| version.unwrap_or(1)), found))
    }

    fn entries(&self, draft: &Draft) -> Result<Vec<Value>, ArchiveError> {
        self.pages(&format!("{}/files", Self::path(draft)))
    }

    /// Figshare's number of a licence.
    fn license(&self, id: &str) -> Result<Value, ArchiveError> {
        let offered = self.pages("/account/licenses")?;
        let found = offered.iter().find(|one| {
            let text = |key| text_of(one, key).unwrap_or_default();
            spdx_name(&text("name")) == Some(id) || spdx_name(&text("url")) == Some(id)
        });
        if let Some(value) = found.and_then(|one| one.get("value")) {
            return Ok(value.clone());
        }
        let names: Vec<String> = offered
            .iter()
            .filter_map(|one| text_of(one, "name"))
            .collect();
        Err(self.refused(
            "license",
            "license",
            &format!(
                "Figshare does not offer {id}; it has: {}.",
                names.join(", ")
            ),
        ))
    }

    fn category_ids(&self) -> Result<Vec<Value>, ArchiveError> {
        let mut ids = Vec::new();
        let mut known: Option<Vec<Value>> = None;
        for wanted in &self.categories {
            if let Ok(id) = wanted.parse::<u64>() {
                ids.push(id.into());
                continue;
            }
            let all = match known.take() {
                Some(all) => all,
                // This list comes whole.
                None => match self.get("/categories")? {
                    Value::Array(all) => all,
                    _ => return Err(self.strange("a list of categories that is none")),
                },
            };
            let found = all.iter().find(|one| {
                text_of(one, "title").is_some_and(|title| title.eq_ignore_ascii_case(wanted))
            });
            let Some(id) = found.and_then(|one| one.get("id")) else {
                let message = format!("Figshare has no category {wanted:?}.");
                return Err(self.refused("categories", "categories", &message));
            };
            ids.push(id.clone());
            known = Some(all);
        }
        Ok(ids)
    }

    fn refused(&self, field: &str, path: &str, message: &str) -> ArchiveError {
        ArchiveError::Refused {
            refusals: vec![Refusal {
                field: Some(field.to_owned()),
                path: path.to_owned(),
                message: self.http.clean(message),
            }],
        }
    }

    /// Sends the parts that Figshare lacks; it says itself which they are.
    fn send_parts(
        &self,
        upload: &str,
        file: &LocalFile,
        sending: &mut dyn Sending,
    ) -> Result<(), ArchiveError> {
        if !may_upload_to(&self.http, upload) {
            return Err(self.strange("it names an address for the upload that is not encrypted"));
        }
        let found = self.get(upload)?;
        let Some(parts) = found.get("parts").and_then(Value::as_array) else {
            return Err(self.strange("an upload without parts"));
        };
        for part in parts {
            let number = |key| part.get(key).and_then(Value::as_u64);
            let (Some(at), Some(first), Some(last)) =
                (number("partNo"), number("startOffset"), number("endOffset"))
            else {
                return Err(self.strange("a part without its place"));
            };
            if part.get("status").and_then(Value::as_str) == Some("COMPLETE") {
                continue;
            }
            // The last offset is that of the last byte.
            if last < first || last >= file.size {
                return Err(self.strange("a part that is not in the file"));
            }
            let body = RequestBody::File(FileBody {
                file,
                offset: first,
                length: last - first + 1,
                sending,
            });
            let path = format!("{upload}/{at}");
            let answer = self.http.send("PUT", &path, body, Again::Never)?;
            match answer.status {
                200..300 => {}
                // Another request has it in its hands: perhaps one of ours whose end was lost.
                409 => {
                    return Err(ArchiveError::Lost {
                        host: self.http.host().to_owned(),
                        reason: format!("part {at} is locked"),
                    });
                }
                _ => return Err(self.http.refusal(&path, &answer)),
            }
        }
        Ok(())
    }

    /// Waits until the parts are put together and their checksum is known.
    fn assembled(&self, path: &str, file: &LocalFile) -> Result<RemoteFile, ArchiveError> {
        for _ in 0..LOOKS {
            let entry = self.get(path)?;
            if let Some(found) = remote_file(&entry).filter(|found| found.is_complete) {
                return Ok(found);
            }
            self.http.timer().sleep(BETWEEN_LOOKS);
        }
        Err(ArchiveError::Lost {
            host: self.http.host().to_owned(),
            reason: format!("it does not confirm {}", file.name),
        })
    }
}

impl Archive for FigshareArchive {
    fn api(&self) -> ArchiveApi {
        ArchiveApi::Figshare
    }

    fn metadata(&self, artifact: &ResearchArtifact, terms: &Terms) -> Value {
        let mut article = figshare::article(&Facts::new(artifact));
        let embargo = match (terms.access, terms.embargo) {
            (_, Some(until)) => json!({
                "is_embargoed": true,
                "embargo_date": until.to_string(),
                "embargo_type": "file",
                "embargo_reason": "",
            }),
            (Access::Restricted, None) => json!("without end"),
            (Access::Open, None) => Value::Null,
        };
        if let Some(fields) = article.as_object_mut() {
            fields.insert("embargo".into(), embargo);
        }
        article
    }

    fn create(&self, title: &str, marker: &str) -> Result<Draft, ArchiveError> {
        // The list of one's articles, in which it is looked for, has little more than titles.
        let room = LONGEST_TITLE.saturating_sub(marker.len() + 3);
        let title: String = title.chars().take(room).collect();
        let body = json!({ "title": format!("{title} ({marker})") });
        let answer = self.send("POST", ARTICLES, RequestBody::Json(&body), Again::Never)?;
        Ok(Draft::new(self.id_of(&answer)?))
    }

    fn find(&self, marker: &str) -> Result<Vec<Draft>, ArchiveError> {
        let mut found: Vec<u64> = self
            .pages(ARTICLES)?
            .iter()
            .filter(|one| text_of(one, "title").is_some_and(|title| title.contains(marker)))
            .filter(|one| text_of(one, "published_date").is_none())
            .filter_map(|one| one.get("id")?.as_u64())
            .collect();
        found.sort_unstable();
        Ok(found
            .into_iter()
            .map(|id| Draft::new(id.to_string()))
            .collect())
    }

    fn new_version(&self, of: &str) -> Result<Draft, ArchiveError> {
        let (version, found) = self.public_version(of)?;
        if found.is_none() {
            return Err(ArchiveError::NotFound {
                host: self.http.host().to_owned(),
                what: format!("/articles/{}", self.http.clean(of)),
            });
        }
        let mut draft = Draft::new(of);
        draft.remote = json!({ "version": version });
        Ok(draft)
    }

    fn reserve_doi(&self, draft: &mut Draft) -> Result<Option<String>, ArchiveError> {
        let doi_of = |json: &Value| text_of(json, "doi").filter(|doi| !doi.is_empty());
        if let Some(doi) = doi_of(&self.get(&Self::path(draft))?) {
            return Ok(Some(doi));
        }
        // A second reservation gives the same DOI.
        let path = format!("{}/reserve_doi", Self::path(draft));
        let answer = self
            .http
            .json("POST", &path, RequestBody::None, Again::Safe)?;
        Ok(doi_of(&answer))
    }

    fn set_metadata(&self, draft: &mut Draft, metadata: &Value) -> Result<(), ArchiveError> {
        let mut body = metadata.clone();
        let Some(fields) = body.as_object_mut() else {
            return Err(self.strange("metadata that are no object"));
        };
        let embargo = fields.remove("embargo").unwrap_or_default();
        if embargo.is_string() {
            let message = "Figshare closes files until a day; say with --embargo until when.";
            return Err(self.refused("access", "embargo", message));
        }
        if let Some(id) = metadata.get("license").and_then(Value::as_str) {
            fields.insert("license".into(), self.license(id)?);
        }
        let categories = self.category_ids()?;
        if !categories.is_empty() {
            fields.insert("categories".into(), categories.into());
        }
        let mut more = Vec::new();
        if let Some(Value::Array(authors)) = fields.get_mut("authors") {
            more = authors.split_off(authors.len().min(AUTHORS_AT_ONCE));
        }
        let path = Self::path(draft);
        self.send("PUT", &path, RequestBody::Json(&body), Again::Safe)?;
        for chunk in more.chunks(AUTHORS_AT_ONCE) {
            let body = json!({ "authors": chunk });
            let path = format!("{path}/authors");
            // Once more would name them twice; the whole list is then set anew.
            self.send("POST", &path, RequestBody::Json(&body), Again::Never)?;
        }
        let path = format!("{path}/embargo");
        if embargo.is_null() {
            self.delete(&path)
        } else {
            self.send("PUT", &path, RequestBody::Json(&embargo), Again::Safe)
                .map(drop)
        }
    }

    fn files(&self, draft: &Draft) -> Result<Vec<RemoteFile>, ArchiveError> {
        Ok(self
            .entries(draft)?
            .iter()
            .filter_map(remote_file)
            .collect())
    }

    fn put_file(
        &self,
        draft: &Draft,
        file: &LocalFile,
        sending: &mut dyn Sending,
    ) -> Result<RemoteFile, ArchiveError> {
        let mut begun = None;
        for entry in self.entries(draft)? {
            if text_of(&entry, "name").as_deref() != Some(&file.name) {
                continue;
            }
            let is_ours = text_of(&entry, "supplied_md5").as_deref() == Some(&file.md5)
                && entry.get("size").and_then(Value::as_u64) == Some(file.size);
            match remote_file(&entry) {
                Some(found) if found.is(file) => return Ok(found),
                Some(found) if !found.is_complete && is_ours && begun.is_none() => {
                    begun = entry.get("id").and_then(Value::as_u64);
                }
                _ => self.delete_entry(draft, &entry)?,
            }
        }
        let id = match begun {
            Some(id) => id.to_string(),
            None => {
                let body = json!({ "name": file.name, "size": file.size, "md5": file.md5 });
                let path = format!("{}/files", Self::path(draft));
                let answer = self.send("POST", &path, RequestBody::Json(&body), Again::Never)?;
                self.id_of(&answer)?
            }
        };
        let path = format!("{}/files/{id}", Self::path(draft));
        let entry = self.get(&path)?;
        if let Some(found) = remote_file(&entry).filter(|found| found.is_complete) {
            return Ok(found);
        }
        let Some(upload) = text_of(&entry, "upload_url") else {
            return Err(self.strange("a file without an address for its parts"));
        };
        self.send_parts(&upload, file, sending)?;
        self.send("POST", &path, RequestBody::None, Again::Safe)?;
        self.assembled(&path, file)
    }

    fn delete_file(&self, draft: &Draft, name: &str) -> Result<(), ArchiveError> {
        for entry in self.entries(draft)? {
            if text_of(&entry, "name").as_deref() == Some(name) {
                self.delete_entry(draft, &entry)?;
            }
        }
        Ok(())
    }

    fn publish(&self, draft: &Draft) -> Result<(), ArchiveError> {
        let path = format!("{}/publish", Self::path(draft));
        self.send("POST", &path, RequestBody::None, Again::Never)
            .map(drop)
    }

    fn standing(&self, draft: &Draft) -> Result<Standing, ArchiveError> {
        let before = draft
            .remote
            .get("version")
            .and_then(Value::as_u64)
            .unwrap_or(0);
        let (version, found) = self.public_version(&draft.id)?;
        if let Some(record) = found.filter(|_| version > before) {
            let page = ["figshare_url", "url_public_html"];
            let url = page.iter().find_map(|key| text_of(&record, key));
            return Ok(Standing::Published(PublishedRecord {
                id: draft.id.clone(),
                doi: text_of(&record, "doi").filter(|doi| !doi.is_empty()),
                url: url.map(|url| self.http.clean(&url)),
            }));
        }
        match self.get_if_there(&Self::path(draft))? {
            Some(_) => Ok(Standing::Draft),
            None => Ok(Standing::Gone),
        }
    }

    fn published_files(&self, draft: &Draft) -> Result<Vec<RemoteFile>, ArchiveError> {
        // The public list lacks the files that are under embargo.
        self.files(draft)
    }

    fn discard(&self, draft: &Draft) -> Result<(), ArchiveError> {
        // An article that is public would go as a whole.
        if self.public_version(&draft.id)?.0 > 0 {
            return Err(ArchiveError::Unsupported {
                what: "giving up the changes of a public article",
                api: self.api().name(),
            });
        }
        self.delete(&Self::path(draft))
    }
}

impl FigshareArchive {
    fn delete_entry(&self, draft: &Draft, entry: &Value) -> Result<(), ArchiveError> {
        match entry.get("id").and_then(Value::as_u64) {
            Some(id) => self.delete(&format!("{}/files/{id}", Self::path(draft))),
            None => Err(self.strange("a file without an id")),
        }
    }
}

fn remote_file(entry: &Value) -> Option<RemoteFile> {
    let md5 = text_of(entry, "computed_md5").filter(|md5| !md5.is_empty());
    Some(RemoteFile {
        name: text_of(entry, "name")?,
        size: entry.get("size").and_then(Value::as_u64),
        is_complete: md5.is_some(),
        md5,
    })
}
