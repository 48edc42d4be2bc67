//! InvenioRDM's records API, which is Zenodo's too.
//!
//! Source: InvenioRDM documentation, "REST API: Drafts and records", and the behaviour of
//! invenio-app-rdm 14: a draft is made (201) even if it is invalid, with the reasons in
//! `errors`; a wrong checksum that is declared for a file is silently replaced; content that is
//! sent over a committed file makes the file disappear; a second reservation of a DOI is 400, a
//! second publication 404.

use serde_json::{Map, Value, json};

use super::super::api::{Archive, LocalFile, PublishedRecord, RemoteFile, Sending, Standing};
use super::super::error::ArchiveError;
use super::super::http::{Again, FileBody, Http, RequestBody};
use super::super::refusal;
use super::super::state::{Access, ArchiveApi, Draft, Terms};
use crate::research::ResearchArtifact;
use crate::research::format::facts::Facts;
use crate::research::format::invenio;

/// Drafts that are looked at on one page, and how many pages.
const PAGE: usize = 100;
const MOST_PAGES: usize = 20;

/// When a file is sent in parts, where the archive takes parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartRule {
    /// Files of more bytes are.
    pub from: u64,
    /// The size of a part in bytes; more for files that would have more than 1,000 parts.
    pub size: u64,
}

impl Default for PartRule {
    fn default() -> Self {
        Self {
            from: 256 << 20,
            size: 64 << 20,
        }
    }
}

impl PartRule {
    /// The size of the parts of a file of `size` bytes, if it is sent in parts.
    fn part_size(&self, size: u64) -> Option<u64> {
        const MOST_PARTS: u64 = 1000;
        (size > self.from).then(|| self.size.max(size.div_ceil(MOST_PARTS)).max(1))
    }
}

/// An archive that runs InvenioRDM.
#[derive(Debug, Clone)]
pub struct InvenioArchive {
    http: Http,
    publisher: Option<String>,
    parts: PartRule,
}

impl InvenioArchive {
    /// The archive that `http` reaches; `publisher` is its name.
    pub fn new(http: Http, publisher: Option<String>, parts: PartRule) -> Self {
        Self {
            http,
            publisher,
            parts,
        }
    }

    fn draft_path(draft: &Draft) -> String {
        format!("/api/records/{}/draft", encode(&draft.id))
    }

    fn file_path(draft: &Draft, name: &str) -> String {
        format!("{}/files/{}", Self::draft_path(draft), encode(name))
    }

    fn get(&self, path: &str) -> Result<Value, ArchiveError> {
        self.http.json("GET", path, RequestBody::None, Again::Safe)
    }

    /// As [`get`](Self::get); `None` where there is no such thing.
    fn get_if_there(&self, path: &str) -> Result<Option<Value>, ArchiveError> {
        match self.get(path) {
            Ok(found) => Ok(Some(found)),
            Err(ArchiveError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn delete(&self, path: &str) -> Result<(), ArchiveError> {
        let answer = self
            .http
            .send("DELETE", path, RequestBody::None, Again::Safe)?;
        match answer.status {
            200..300 | 404 | 410 => Ok(()),
            _ => Err(self.http.refusal(path, &answer)),
        }
    }

    /// A draft of an answer; its id must be there.
    fn draft_of(&self, answer: &Value) -> Result<Draft, ArchiveError> {
        let id = text_of(answer, "id").filter(|id| !id.is_empty());
        let Some(id) = id else {
            return Err(self.strange("a draft without an id"));
        };
        let mut draft = Draft::new(id);
        remember_pids(&mut draft, answer);
        Ok(draft)
    }

    fn strange(&self, what: &str) -> ArchiveError {
        ArchiveError::NotAnArchive {
            host: self.http.host().to_owned(),
            what: what.to_owned(),
        }
    }

    /// Announces a file. `None` where there is one of that name already.
    fn announce(
        &self,
        draft: &Draft,
        file: &LocalFile,
        part_size: Option<u64>,
    ) -> Result<Announced, ArchiveError> {
        let mut entry = Map::new();
        entry.insert("key".into(), file.name.clone().into());
        entry.insert("size".into(), file.size.into());
        entry.insert("checksum".into(), format!("md5:{}", file.md5).into());
        if let Some(part_size) = part_size {
            let parts = file.size.div_ceil(part_size);
            let transfer = json!({ "type": "M", "parts": parts, "part_size": part_size });
            entry.insert("transfer".into(), transfer);
        }
        let path = format!("{}/files", Self::draft_path(draft));
        let body = json!([entry]);
        let answer = self
            .http
            .send("POST", &path, RequestBody::Json(&body), Again::Never)?;
        match answer.status {
            200..300 => {
                let listing = self.http.expect_json(&path, &answer)?;
                let entry = entries(&listing)
                    .find(|entry| text_of(entry, "key").as_deref() == Some(&file.name))
                    .cloned()
                    .unwrap_or_default();
                Ok(Announced::Entry(entry))
            }
            400 | 409 | 413 => Ok(Announced::Refused(self.http.message(&answer))),
            _ => Err(self.http.refusal(&path, &answer)),
        }
    }

    /// Asks the archive to take the content as the file. `None`: it has no content.
    fn commit(&self, draft: &Draft, file: &LocalFile) -> Result<Option<RemoteFile>, ArchiveError> {
        let path = format!("{}/commit", Self::file_path(draft, &file.name));
        let answer = self
            .http
            .send("POST", &path, RequestBody::None, Again::Never)?;
        match answer.status {
            200..300 => Ok(remote_file(&self.http.expect_json(&path, &answer)?)),
            // Content that is not there is 500 in some versions, 400 or 404 in others.
            400 | 404 | 409 | 500 => Ok(None),
            _ => Err(self.http.refusal(&path, &answer)),
        }
    }

    fn send_whole(
        &self,
        draft: &Draft,
        file: &LocalFile,
        sending: &mut dyn Sending,
    ) -> Result<(), ArchiveError> {
        let path = format!("{}/content", Self::file_path(draft, &file.name));
        let body = RequestBody::File(FileBody {
            file,
            offset: 0,
            length: file.size,
            sending,
        });
        let answer = self.http.send("PUT", &path, body, Again::Never)?;
        if answer.is_success() {
            return Ok(());
        }
        Err(self.content_refusal(&path, file, &answer))
    }

    fn content_refusal(
        &self,
        path: &str,
        file: &LocalFile,
        answer: &super::super::http::Answer,
    ) -> ArchiveError {
        match answer.status {
            // A body that was cut on its way is 400 with InvenioRDM.
            400 if self.http.message(answer).is_empty() => ArchiveError::Lost {
                host: self.http.host().to_owned(),
                reason: "it says that the file arrived incomplete".to_owned(),
            },
            400 | 413 => ArchiveError::FileRefused {
                name: file.name.clone(),
                message: match (answer.status, self.http.message(answer)) {
                    (413, text) if text.is_empty() => "it is too large".to_owned(),
                    (_, text) => text,
                },
            },
            _ => self.http.refusal(path, answer),
        }
    }

    /// Sends the parts that are missing. `false`: the archive takes no parts.
    fn send_parts(
        &self,
        draft: &Draft,
        file: &LocalFile,
        entry: &Value,
        part_size: u64,
        sending: &mut dyn Sending,
    ) -> Result<bool, ArchiveError> {
        let (_, arrived) = sending.parts();
        let count = file.size.div_ceil(part_size);
        for number in 1..=u32::try_from(count).unwrap_or(u32::MAX) {
            if arrived.contains(&number) {
                continue;
            }
            let offset = u64::from(number - 1) * part_size;
            let path = part_link(entry, number).unwrap_or_else(|| {
                format!("{}/content/{number}", Self::file_path(draft, &file.name))
            });
            let body = RequestBody::File(FileBody {
                file,
                offset,
                length: part_size.min(file.size - offset),
                sending,
            });
            let answer = self.http.send("PUT", &path, body, Again::Never)?;
            match answer.status {
                200..300 => sending.part_arrived(number)?,
                // Some take the announcement of parts and then refuse the first one.
                403..=405 | 501 if number == 1 && arrived.is_empty() => return Ok(false),
                _ => return Err(self.content_refusal(&path, file, &answer)),
            }
        }
        Ok(true)
    }

    /// Announces the file in parts and sends them; `None` where the archive takes no parts.
    fn try_parts(
        &self,
        draft: &Draft,
        file: &LocalFile,
        sending: &mut dyn Sending,
    ) -> Result<Option<()>, ArchiveError> {
        let Some(part_size) = self.parts.part_size(file.size) else {
            return Ok(None);
        };
        sending.begin_parts(Some(part_size))?;
        if let Announced::Entry(entry) = self.announce(draft, file, Some(part_size))? {
            let is_parts = entry
                .pointer("/transfer/type")
                .is_none_or(|kind| kind == "M");
            if is_parts && self.send_parts(draft, file, &entry, part_size, sending)? {
                return Ok(Some(()));
            }
        }
        sending.begin_parts(None)?;
        self.delete_file(draft, &file.name)?;
        Ok(None)
    }
}

enum Announced {
    Entry(Value),
    Refused(String),
}

impl Archive for InvenioArchive {
    fn api(&self) -> ArchiveApi {
        ArchiveApi::Records
    }

    fn metadata(&self, artifact: &ResearchArtifact, terms: &Terms) -> Value {
        let mut record = invenio::record(&Facts::new(artifact), self.publisher.as_deref());
        if let Some(fields) = record.as_object_mut() {
            fields.insert("access".into(), access(terms));
        }
        record
    }

    fn create(&self, title: &str, marker: &str) -> Result<Draft, ArchiveError> {
        let body = json!({
            "access": { "record": "public", "files": "public" },
            "files": { "enabled": true },
            "metadata": {
                "title": title,
                "identifiers": [{ "identifier": marker, "scheme": "other" }],
            },
        });
        let path = "/api/records";
        let answer = self
            .http
            .json("POST", path, RequestBody::Json(&body), Again::Never)?;
        self.draft_of(&answer)
    }

    fn find(&self, marker: &str) -> Result<Vec<Draft>, ArchiveError> {
        let mut found = Vec::new();
        for page in 1..=MOST_PAGES {
            let path = format!("/api/user/records?sort=newest&size={PAGE}&page={page}");
            let answer = self.get(&path)?;
            let Some(hits) = answer.pointer("/hits/hits").and_then(Value::as_array) else {
                return Err(self.strange("a list of records without records"));
            };
            for hit in hits {
                let identifiers = hit.pointer("/metadata/identifiers");
                let bears = identifiers
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .any(|one| text_of(one, "identifier").as_deref() == Some(marker));
                if bears && hit.get("is_published") != Some(&Value::Bool(true)) {
                    let created = text_of(hit, "created").unwrap_or_default();
                    found.push((created, self.draft_of(hit)?));
                }
            }
            if hits.len() < PAGE {
                break;
            }
        }
        found.sort_by(|a, b| (&a.0, &a.1.id).cmp(&(&b.0, &b.1.id)));
        Ok(found.into_iter().map(|(_, draft)| draft).collect())
    }

    fn new_version(&self, of: &str) -> Result<Draft, ArchiveError> {
        let path = format!("/api/records/{}/versions", encode(of));
        // A second call gives the same draft.
        let answer = self
            .http
            .json("POST", &path, RequestBody::None, Again::Safe)?;
        self.draft_of(&answer)
    }

    fn reserve_doi(&self, draft: &mut Draft) -> Result<Option<String>, ArchiveError> {
        let now = self.get(&Self::draft_path(draft))?;
        if let Some(doi) = doi_of(&now) {
            remember_pids(draft, &now);
            return Ok(Some(doi));
        }
        let path = format!("{}/pids/doi", Self::draft_path(draft));
        let answer = self
            .http
            .send("POST", &path, RequestBody::None, Again::Never)?;
        let json = match answer.status {
            200..300 => self.http.expect_json(&path, &answer)?,
            // It has one already, or gives none.
            400 | 404 | 405 | 409 => self.get(&Self::draft_path(draft))?,
            _ => return Err(self.http.refusal(&path, &answer)),
        };
        remember_pids(draft, &json);
        Ok(doi_of(&json))
    }

    fn set_metadata(&self, draft: &mut Draft, metadata: &Value) -> Result<(), ArchiveError> {
        let mut body = metadata.clone();
        // Without them the archive would give the reserved DOI up.
        if let (Some(pids), Some(body)) = (draft.remote.get("pids"), body.as_object_mut()) {
            body.insert("pids".into(), pids.clone());
        }
        let path = Self::draft_path(draft);
        let answer = self
            .http
            .send("PUT", &path, RequestBody::Json(&body), Again::Safe)?;
        let refused = |mut refusals: Vec<super::super::error::Refusal>| {
            refusal::locate(&mut refusals, metadata);
            ArchiveError::Refused { refusals }
        };
        let json = match self.http.expect_json(&path, &answer) {
            Ok(json) => json,
            Err(ArchiveError::Refused { refusals }) => return Err(refused(refusals)),
            Err(error) => return Err(error),
        };
        let has_errors = json
            .get("errors")
            .and_then(Value::as_array)
            .is_some_and(|errors| !errors.is_empty());
        if !has_errors {
            remember_pids(draft, &json);
            return Ok(());
        }
        let mut refusals = refusal::read(&json, |text| self.http.clean(text));
        // Files come later.
        refusals.retain(|refusal| !refusal.path.starts_with("files"));
        if refusals.is_empty() {
            return Ok(());
        }
        Err(refused(refusals))
    }

    fn files(&self, draft: &Draft) -> Result<Vec<RemoteFile>, ArchiveError> {
        let listing = self.get(&format!("{}/files", Self::draft_path(draft)))?;
        Ok(entries(&listing).filter_map(remote_file).collect())
    }

    fn put_file(
        &self,
        draft: &Draft,
        file: &LocalFile,
        sending: &mut dyn Sending,
    ) -> Result<RemoteFile, ArchiveError> {
        let path = Self::file_path(draft, &file.name);
        let mut is_there = false;
        if let Some(entry) = self.get_if_there(&path)? {
            let found = remote_file(&entry);
            match found {
                Some(found) if found.is(file) => return Ok(found),
                // The content may have arrived, and the answer not.
                Some(found) if !found.is_complete => {
                    let in_parts = entry.pointer("/transfer/type") == Some(&json!("M"));
                    if let (true, (Some(part_size), _)) = (in_parts, sending.parts()) {
                        if self.send_parts(draft, file, &entry, part_size, sending)?
                            && let Some(done) = self.commit(draft, file)?
                        {
                            return Ok(done);
                        }
                        sending.begin_parts(None)?;
                    } else if !in_parts {
                        match self.commit(draft, file)? {
                            Some(done) if done.is(file) => return Ok(done),
                            Some(_) => {}
                            None => is_there = true,
                        }
                    }
                }
                _ => {}
            }
            if !is_there {
                self.delete_file(draft, &file.name)?;
            }
        }
        if is_there || self.try_parts(draft, file, sending)?.is_none() {
            if !is_there && let Announced::Refused(message) = self.announce(draft, file, None)? {
                return Err(ArchiveError::FileRefused {
                    name: file.name.clone(),
                    message,
                });
            }
            self.send_whole(draft, file, sending)?;
        }
        match self.commit(draft, file)? {
            Some(done) => Ok(done),
            None => Err(ArchiveError::Lost {
                host: self.http.host().to_owned(),
                reason: format!("it does not confirm {}", file.name),
            }),
        }
    }

    fn delete_file(&self, draft: &Draft, name: &str) -> Result<(), ArchiveError> {
        self.delete(&Self::file_path(draft, name))
    }

    fn publish(&self, draft: &Draft) -> Result<(), ArchiveError> {
        let path = format!("{}/actions/publish", Self::draft_path(draft));
        let answer = self
            .http
            .send("POST", &path, RequestBody::None, Again::Never)?;
        if answer.is_success() {
            return Ok(());
        }
        Err(self.http.refusal(&path, &answer))
    }

    fn standing(&self, draft: &Draft) -> Result<Standing, ArchiveError> {
        let path = format!("/api/records/{}", encode(&draft.id));
        if let Some(record) = self.get_if_there(&path)? {
            return Ok(Standing::Published(PublishedRecord {
                id: text_of(&record, "id").unwrap_or_else(|| draft.id.clone()),
                doi: doi_of(&record),
                url: record
                    .pointer("/links/self_html")
                    .and_then(Value::as_str)
                    .map(|url| self.http.clean(url)),
            }));
        }
        let Some(found) = self.get_if_there(&Self::draft_path(draft))? else {
            return Ok(Standing::Gone);
        };
        Ok(match found.get("status").and_then(Value::as_str) {
            Some("in_review") => Standing::InReview,
            _ => Standing::Draft,
        })
    }

    fn published_files(&self, draft: &Draft) -> Result<Vec<RemoteFile>, ArchiveError> {
        let listing = self.get(&format!("/api/records/{}/files", encode(&draft.id)))?;
        Ok(entries(&listing).filter_map(remote_file).collect())
    }

    fn discard(&self, draft: &Draft) -> Result<(), ArchiveError> {
        self.delete(&Self::draft_path(draft))
    }

    fn join(&self, draft: &Draft, community: &str) -> Result<(), ArchiveError> {
        let found = self.get(&format!("/api/communities/{}", encode(community)))?;
        let Some(id) = text_of(&found, "id") else {
            return Err(self.strange("a community without an id"));
        };
        let path = format!("/api/records/{}/communities", encode(&draft.id));
        let body = json!({ "communities": [{ "id": id }] });
        let answer = self
            .http
            .send("POST", &path, RequestBody::Json(&body), Again::Safe)?;
        let json = answer.json().unwrap_or_default();
        let messages = refusal::read(&json, |text| self.http.clean(text));
        let errors = json.get("errors").and_then(Value::as_array);
        let has_errors = errors.is_some_and(|errors| !errors.is_empty());
        if answer.is_success() && !has_errors {
            return Ok(());
        }
        if matches!(answer.status, 200..=299 | 400) {
            // Asked once more after a lost answer.
            if messages
                .iter()
                .all(|refusal| refusal.message.contains("already"))
            {
                return Ok(());
            }
            return Err(ArchiveError::Refused { refusals: messages });
        }
        Err(self.http.refusal(&path, &answer))
    }
}

/// InvenioRDM's `access`.
fn access(terms: &Terms) -> Value {
    match (terms.access, terms.embargo) {
        (Access::Open, None) => json!({ "record": "public", "files": "public" }),
        (_, Some(until)) => json!({
            "record": "public",
            "files": "restricted",
            "embargo": { "active": true, "until": until.to_string() },
        }),
        (Access::Restricted, None) => json!({ "record": "public", "files": "restricted" }),
    }
}

fn entries(listing: &Value) -> impl Iterator<Item = &Value> {
    let entries = listing.get("entries").and_then(Value::as_array);
    entries.into_iter().flatten()
}

fn remote_file(entry: &Value) -> Option<RemoteFile> {
    Some(RemoteFile {
        name: text_of(entry, "key")?,
        size: entry.get("size").and_then(Value::as_u64),
        md5: text_of(entry, "checksum").and_then(|sum| Some(sum.strip_prefix("md5:")?.to_owned())),
        // Older versions have no status in the lists of published records.
        is_complete: entry
            .get("status")
            .is_none_or(|status| status == "completed"),
    })
}

fn part_link(entry: &Value, number: u32) -> Option<String> {
    let parts = entry.pointer("/links/parts")?.as_array()?;
    let part = parts
        .iter()
        .find(|part| part.get("part").and_then(Value::as_u64) == Some(number.into()))?;
    text_of(part, "url")
}

fn doi_of(record: &Value) -> Option<String> {
    let doi = record.pointer("/pids/doi/identifier")?.as_str()?;
    (!doi.is_empty()).then(|| doi.to_owned())
}

fn remember_pids(draft: &mut Draft, answer: &Value) {
    if doi_of(answer).is_some()
        && let Some(pids) = answer.get("pids")
    {
        draft.remote = json!({ "pids": pids });
    }
}

pub(super) fn text_of(json: &Value, key: &str) -> Option<String> {
    Some(json.get(key)?.as_str()?.to_owned())
}

/// Percent-encodes a part of a path: all but the unreserved characters of RFC 3986.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded() {
        assert_eq!(encode("a b/ä.zip"), "a%20b%2F%C3%A4.zip");
    }

    #[test]
    fn parts_are_at_most_a_thousand() {
        let rule = PartRule { from: 10, size: 4 };
        assert_eq!(rule.part_size(10), None);
        assert_eq!(rule.part_size(11), Some(4));
        let size = 50_000_000_000;
        let part = PartRule::default().part_size(size).unwrap();
        assert!(size.div_ceil(part) <= 1000);
    }
}
