//! Dataverse's native API.
//!
//! Source: Dataverse guides: "API Guide: Native API" (datasets, files, licenses), "Search API",
//! and "Developer Guide: Direct DataFile Upload/Replace API"
//! (<https://guides.dataverse.org/en/latest/>). A dataset has its DOI from its creation on, and
//! must be complete then: what is not known yet is the account's own, or said to be in
//! preparation.

use serde_json::{Map, Value, json};

use super::super::api::{Archive, LocalFile, PublishedRecord, RemoteFile, Sending, Standing};
use super::super::error::{ArchiveError, Refusal};
use super::super::http::{Again, Answer, FileBody, Form, Http, RequestBody, may_upload_to};
use super::super::state::{Access, ArchiveApi, Draft, Terms};
use super::invenio::{encode, text_of};
use super::{outer_zip, spdx_name};
use crate::research::ResearchArtifact;
use crate::research::format::dataverse::{self, compound, one, other_id, primitive, subject};
use crate::research::format::facts::Facts;

/// Datasets that are looked through for a marker that the search does not know yet.
const NEWEST: usize = 25;
/// The mark that Amazon's storage wants on files that are not registered yet.
const TAG: (&str, &str) = ("x-amz-tagging", "dv-state=temp");

/// A Dataverse installation.
#[derive(Debug, Clone)]
pub(in super::super) struct DataverseArchive {
    http: Http,
    collection: String,
    subject: Option<String>,
    contact: Option<String>,
}

impl DataverseArchive {
    /// The installation that `http` reaches, and a collection of it. `contact` is an address for
    /// questions (else that of the account), `subject` one of Dataverse's list.
    pub(in super::super) fn new(
        http: Http,
        collection: String,
        subject: Option<String>,
        contact: Option<String>,
    ) -> Self {
        Self {
            http,
            collection,
            subject,
            contact,
        }
    }

    /// `/api/datasets/:persistentId{rest}?persistentId=…`
    fn path(draft: &Draft, rest: &str) -> String {
        let id = encode(&draft.id);
        format!("/api/datasets/:persistentId{rest}?persistentId={id}")
    }

    fn strange(&self, what: &str) -> ArchiveError {
        ArchiveError::NotAnArchive {
            host: self.http.host().to_owned(),
            what: what.to_owned(),
        }
    }

    fn refused(&self, field: &str, message: &str) -> ArchiveError {
        ArchiveError::Refused {
            refusals: vec![Refusal {
                field: Some(field.to_owned()),
                path: String::new(),
                message: self.http.clean(message),
            }],
        }
    }

    /// The `data` of an answer of success.
    fn data(&self, path: &str, answer: &Answer) -> Result<Value, ArchiveError> {
        let mut json = self.http.expect_json(path, answer)?;
        let is_ok = json.get("status") == Some(&json!("OK"));
        match json.get_mut("data") {
            Some(data) => Ok(data.take()),
            None if is_ok => Ok(Value::Null),
            None => Err(self.strange("an answer without data")),
        }
    }

    fn ask(
        &self,
        method: &'static str,
        path: &str,
        body: RequestBody<'_>,
        again: Again,
    ) -> Result<Value, ArchiveError> {
        let answer = self.http.send(method, path, body, again)?;
        self.data(path, &answer)
    }

    fn get(&self, path: &str) -> Result<Value, ArchiveError> {
        self.ask("GET", path, RequestBody::None, Again::Safe)
    }

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

    /// Name and address of the account.
    fn account(&self) -> Result<(String, Option<String>), ArchiveError> {
        let account = self.get("/api/users/:me")?;
        let text = |key| text_of(&account, key).filter(|text| !text.is_empty());
        let name = match (text("lastName"), text("firstName")) {
            (Some(last), Some(first)) => Some(format!("{last}, {first}")),
            (last, _) => last.or_else(|| text("displayName")),
        };
        let name = name.ok_or_else(|| self.strange("an account without a name"))?;
        Ok((name, text("email")))
    }

    fn contact(&self, account: Option<String>) -> Result<Value, ArchiveError> {
        match self.contact.clone().or(account) {
            Some(address) => Ok(one("datasetContactEmail", &address)),
            None => Err(self.refused("contact", "Dataverse insists on an address for questions.")),
        }
    }

    /// What the installation offers as that licence.
    fn license(&self, id: &str) -> Result<Value, ArchiveError> {
        let offered = self.get("/api/licenses")?;
        let offered = offered.as_array().cloned().unwrap_or_default();
        let found = offered.iter().find(|one| {
            let text = |key| text_of(one, key).unwrap_or_default();
            spdx_name(&text("name")) == Some(id) || spdx_name(&text("uri")) == Some(id)
        });
        if let Some(found) = found {
            return Ok(json!({ "name": found.get("name"), "uri": found.get("uri") }));
        }
        let names: Vec<String> = offered
            .iter()
            .filter_map(|one| text_of(one, "name"))
            .collect();
        let has = names.join(", ");
        Err(self.refused(
            "license",
            &format!("This Dataverse does not offer {id}; it has: {has}."),
        ))
    }

    /// Whether the newest version of a dataset bears a marker and is a draft that was never
    /// published.
    fn bears(&self, id: &str, marker: &str) -> Result<bool, ArchiveError> {
        let path = Self::path(&Draft::new(id), "/versions/:draft");
        let found = self.get_if_there(&path)?;
        Ok(found.is_some_and(|found| {
            let fields = found.pointer("/metadataBlocks/citation/fields");
            let fields = fields.and_then(Value::as_array).into_iter().flatten();
            fields
                .filter(|field| field.get("typeName") == Some(&json!("otherId")))
                .filter_map(|field| field.get("value")?.as_array())
                .flatten()
                .any(|value| {
                    value.pointer("/otherIdValue/value").and_then(Value::as_str) == Some(marker)
                })
        }))
    }

    fn entries(&self, draft: &Draft, version: &str) -> Result<Vec<Value>, ArchiveError> {
        match self.get(&Self::path(draft, &format!("/versions/{version}/files")))? {
            Value::Array(entries) => Ok(entries),
            _ => Err(self.strange("a list of files that is none")),
        }
    }

    /// Sends a file to the installation's storage and registers it. `None`: it takes none so.
    fn direct(
        &self,
        draft: &Draft,
        file: &LocalFile,
        sending: &mut dyn Sending,
    ) -> Result<Option<RemoteFile>, ArchiveError> {
        let path = format!("{}&size={}", Self::path(draft, "/uploadurls"), file.size);
        let answer = self
            .http
            .send("GET", &path, RequestBody::None, Again::Safe)?;
        if matches!(answer.status, 400 | 403..=405 | 501) {
            return Ok(None);
        }
        let place = self.data(&path, &answer)?;
        let Some(storage) = text_of(&place, "storageIdentifier") else {
            return Err(self.strange("a place for an upload without its name"));
        };
        if let Some(url) = text_of(&place, "url") {
            self.send_stretch(&url, file, (0, file.size), sending)?;
        } else {
            self.send_stretches(&place, file, sending)?;
        }
        let mut about = about(draft, file);
        about.insert("storageIdentifier".into(), storage.into());
        about.insert("fileName".into(), base_name(&file.name).1.into());
        about.insert("mimeType".into(), "application/octet-stream".into());
        about.insert(
            "checksum".into(),
            json!({ "@type": "MD5", "@value": file.md5 }),
        );
        self.add(draft, file, &about.into(), None).map(Some)
    }

    fn send_stretch(
        &self,
        url: &str,
        file: &LocalFile,
        (offset, length): (u64, u64),
        sending: &mut dyn Sending,
    ) -> Result<Answer, ArchiveError> {
        if !may_upload_to(&self.http, url) {
            return Err(self.strange("it names an address for the upload that is not encrypted"));
        }
        let part = FileBody {
            file,
            offset,
            length,
            sending,
        };
        let body = RequestBody::Labelled(TAG.0, TAG.1, part);
        let answer = self.http.send("PUT", url, body, Again::Never)?;
        if answer.is_success() {
            return Ok(answer);
        }
        Err(self.http.refusal("the storage", &answer))
    }

    fn send_stretches(
        &self,
        place: &Value,
        file: &LocalFile,
        sending: &mut dyn Sending,
    ) -> Result<(), ArchiveError> {
        let size = place.get("partSize").and_then(Value::as_u64);
        let urls = place.get("urls").and_then(Value::as_object);
        let complete = text_of(place, "complete").filter(|path| path.starts_with('/'));
        let (Some(size @ 1..), Some(urls), Some(complete)) = (size, urls, complete) else {
            return Err(self.strange("a place for an upload in parts that is incomplete"));
        };
        let mut tags = Map::new();
        for number in 1..=file.size.div_ceil(size) {
            let Some(url) = urls.get(&number.to_string()).and_then(Value::as_str) else {
                return Err(self.strange("an upload in parts without all addresses"));
            };
            let offset = (number - 1) * size;
            let stretch = (offset, size.min(file.size - offset));
            let sent = self.send_stretch(url, file, stretch, sending);
            let answer = match sent {
                Ok(answer) => answer,
                Err(error) => {
                    if let Some(abort) = text_of(place, "abort").filter(|at| at.starts_with('/')) {
                        // That it cannot be cleared away is less than why.
                        drop(self.delete(&abort));
                    }
                    return Err(error);
                }
            };
            let tag = answer.header("etag").unwrap_or_default().trim_matches('"');
            tags.insert(number.to_string(), tag.into());
        }
        let answer = self.http.send(
            "PUT",
            &complete,
            RequestBody::Json(&tags.into()),
            Again::Never,
        )?;
        self.data(&complete, &answer).map(drop)
    }

    /// Adds a file: its bytes, or what was stored directly.
    fn add(
        &self,
        draft: &Draft,
        file: &LocalFile,
        about: &Value,
        sending: Option<&mut dyn Sending>,
    ) -> Result<RemoteFile, ArchiveError> {
        let path = Self::path(draft, "/add");
        let name = base_name(&file.name).1;
        let mut around = (Vec::new(), Vec::new());
        if sending.is_some() && name.to_ascii_lowercase().ends_with(".zip") {
            around = outer_zip::around(file, name)?.ok_or_else(|| ArchiveError::FileRefused {
                name: file.name.clone(),
                message: "Dataverse unpacks ZIP files, and it is too large to be put into one"
                    .to_owned(),
            })?;
        }
        let form = Form {
            around,
            field: ("jsonData", about),
            file: sending.map(|sending| {
                let body = FileBody {
                    file,
                    offset: 0,
                    length: file.size,
                    sending,
                };
                (name, body)
            }),
        };
        let answer = self
            .http
            .send("POST", &path, RequestBody::Form(form), Again::Never)?;
        if matches!(answer.status, 400 | 413) {
            return Err(ArchiveError::FileRefused {
                name: file.name.clone(),
                message: self.http.message(&answer),
            });
        }
        let data = self.data(&path, &answer)?;
        let added = data.get("files").and_then(Value::as_array);
        let mut added = added.into_iter().flatten().filter_map(remote_file);
        added
            .find(|found| found.name == file.name)
            .ok_or_else(|| self.strange("it keeps a file under another name"))
    }
}

impl Archive for DataverseArchive {
    fn api(&self) -> ArchiveApi {
        ArchiveApi::Dataverse
    }

    fn metadata(&self, artifact: &ResearchArtifact, terms: &Terms) -> Value {
        let mut version = dataverse::version(&Facts::new(artifact));
        if let Some(body) = version.as_object_mut() {
            if terms.access == Access::Restricted && terms.embargo.is_none() {
                // Files may be restricted only where readers can ask for them.
                body.insert("fileAccessRequest".into(), true.into());
                body.insert("restrict".into(), true.into());
            }
            if let Some(until) = terms.embargo {
                body.insert("embargo".into(), until.to_string().into());
            }
        }
        version
    }

    fn create(&self, title: &str, marker: &str) -> Result<Draft, ArchiveError> {
        let (name, email) = self.account()?;
        let fields = json!([
            primitive("title", title),
            compound("author", vec![one("authorName", &name)]),
            compound("datasetContact", vec![self.contact(email)?]),
            compound(
                "dsDescription",
                vec![one("dsDescriptionValue", "A deposit in preparation.")]
            ),
            subject(self.subject.as_deref().unwrap_or("Other")),
            compound("otherId", vec![other_id("entrenar", marker)]),
        ]);
        let citation = json!({ "displayName": "Citation Metadata", "fields": fields });
        let body = json!({ "datasetVersion": { "metadataBlocks": { "citation": citation } } });
        let path = format!("/api/dataverses/{}/datasets", encode(&self.collection));
        let made = self.ask("POST", &path, RequestBody::Json(&body), Again::Never)?;
        match text_of(&made, "persistentId") {
            Some(id) if id.contains(':') => Ok(Draft::new(id)),
            _ => Err(self.strange("a dataset without an identifier")),
        }
    }

    fn find(&self, marker: &str) -> Result<Vec<Draft>, ArchiveError> {
        let query = encode(&format!("\"{marker}\""));
        let path = format!("/api/search?q={query}&type=dataset&per_page=100");
        let found = self.get(&path)?;
        let items = found.get("items").and_then(Value::as_array);
        let mut ids: Vec<String> = items
            .into_iter()
            .flatten()
            .filter_map(|item| text_of(item, "global_id"))
            .collect();
        // The search lags behind; the list of the collection does not.
        let path = format!("/api/dataverses/{}/contents", encode(&self.collection));
        let contents = self.get(&path)?;
        let mut newest: Vec<(u64, String)> = contents
            .as_array()
            .into_iter()
            .flatten()
            .filter(|item| item.get("type") == Some(&json!("dataset")))
            .filter_map(|item| {
                let text = |key| text_of(item, key);
                let id = format!(
                    "{}:{}/{}",
                    text("protocol")?,
                    text("authority")?,
                    text("identifier")?
                );
                Some((item.get("id")?.as_u64()?, id))
            })
            .collect();
        newest.sort_unstable_by(|a, b| b.cmp(a));
        ids.extend(newest.into_iter().take(NEWEST).map(|(_, id)| id));
        ids.sort();
        ids.dedup();
        let mut drafts = Vec::new();
        for id in ids {
            if self.bears(&id, marker)? {
                drafts.push(Draft::new(id));
            }
        }
        Ok(drafts)
    }

    fn new_version(&self, of: &str) -> Result<Draft, ArchiveError> {
        let id = if of.contains(':') {
            of.to_owned()
        } else {
            format!("doi:{of}")
        };
        let draft = Draft::new(id);
        // The draft of a new version comes into being with the first change.
        self.get(&Self::path(&draft, ""))?;
        Ok(draft)
    }

    fn reserve_doi(&self, draft: &mut Draft) -> Result<Option<String>, ArchiveError> {
        Ok(draft.id.strip_prefix("doi:").map(str::to_owned))
    }

    fn set_metadata(&self, draft: &mut Draft, metadata: &Value) -> Result<(), ArchiveError> {
        let mut body = metadata.clone();
        let Some(version) = body.as_object_mut() else {
            return Err(self.strange("metadata that are no object"));
        };
        let restrict = version.remove("restrict").unwrap_or_default();
        let embargo = version.remove("embargo").unwrap_or_default();
        if let Some(id) = metadata.get("license").and_then(Value::as_str) {
            version.insert("license".into(), self.license(id)?);
        }
        let Some(chosen) = &self.subject else {
            return Err(self.refused(
                "subject",
                &format!(
                    "Dataverse insists on one of: {}.",
                    dataverse::SUBJECTS.join("; ")
                ),
            ));
        };
        let contact = match &self.contact {
            Some(_) => self.contact(None)?,
            None => self.contact(self.account()?.1)?,
        };
        let fields = body.pointer_mut("/metadataBlocks/citation/fields");
        if let Some(Value::Array(fields)) = fields {
            fields.push(compound("datasetContact", vec![contact]));
            fields.push(subject(chosen));
        }
        let path = Self::path(draft, "/versions/:draft");
        self.ask("PUT", &path, RequestBody::Json(&body), Again::Safe)?;
        draft.remote = json!({ "restrict": restrict, "embargo": embargo });
        Ok(())
    }

    fn files(&self, draft: &Draft) -> Result<Vec<RemoteFile>, ArchiveError> {
        let entries = self.entries(draft, ":draft")?;
        Ok(entries.iter().filter_map(remote_file).collect())
    }

    fn put_file(
        &self,
        draft: &Draft,
        file: &LocalFile,
        sending: &mut dyn Sending,
    ) -> Result<RemoteFile, ArchiveError> {
        let there = self.files(draft)?;
        if let Some(found) = there.into_iter().find(|found| found.name == file.name) {
            if found.is(file) {
                return Ok(found);
            }
            self.delete_file(draft, &file.name)?;
        }
        if let Some(done) = self.direct(draft, file, sending)? {
            return Ok(done);
        }
        self.add(draft, file, &about(draft, file).into(), Some(sending))
    }

    fn delete_file(&self, draft: &Draft, name: &str) -> Result<(), ArchiveError> {
        for entry in self.entries(draft, ":draft")? {
            let is_it = remote_file(&entry).is_some_and(|file| file.name == name);
            if let (true, Some(id)) = (is_it, entry.pointer("/dataFile/id").and_then(Value::as_u64))
            {
                self.delete(&format!("/api/files/{id}"))?;
            }
        }
        Ok(())
    }

    fn publish(&self, draft: &Draft) -> Result<(), ArchiveError> {
        if let Some(until) = draft.remote.get("embargo").and_then(Value::as_str) {
            let entries = self.entries(draft, ":draft")?;
            let ids: Vec<&Value> = entries
                .iter()
                .filter_map(|entry| entry.pointer("/dataFile/id"))
                .collect();
            let body = json!({ "dateAvailable": until, "reason": "", "fileIds": ids });
            let path = Self::path(draft, "/files/actions/:set-embargo");
            self.ask("POST", &path, RequestBody::Json(&body), Again::Safe)?;
        }
        let path = format!("{}&type=major", Self::path(draft, "/actions/:publish"));
        self.ask("POST", &path, RequestBody::None, Again::Never)
            .map(drop)
    }

    fn standing(&self, draft: &Draft) -> Result<Standing, ArchiveError> {
        let Some(found) = self.get_if_there(&Self::path(draft, ""))? else {
            return Ok(Standing::Gone);
        };
        let state = found.pointer("/latestVersion/versionState");
        if state != Some(&json!("RELEASED")) {
            return Ok(Standing::Draft);
        }
        let url = text_of(&found, "persistentUrl");
        Ok(Standing::Published(PublishedRecord {
            id: draft.id.clone(),
            doi: draft.id.strip_prefix("doi:").map(str::to_owned),
            url: url.map(|url| self.http.clean(&url)),
        }))
    }

    fn published_files(&self, draft: &Draft) -> Result<Vec<RemoteFile>, ArchiveError> {
        let entries = self.entries(draft, ":latest-published")?;
        Ok(entries.iter().filter_map(remote_file).collect())
    }

    fn discard(&self, draft: &Draft) -> Result<(), ArchiveError> {
        self.delete(&Self::path(draft, "/versions/:draft"))
    }
}

/// Folder and name of a file: Dataverse keeps them apart.
fn base_name(name: &str) -> (Option<&str>, &str) {
    match name.rsplit_once('/') {
        Some((folder, name)) => (Some(folder), name),
        None => (None, name),
    }
}

/// What is said of a file when it is added. Tables stay as they are.
fn about(draft: &Draft, file: &LocalFile) -> Map<String, Value> {
    let mut about = Map::new();
    if let (Some(folder), _) = base_name(&file.name) {
        about.insert("directoryLabel".into(), folder.into());
    }
    about.insert("tabIngest".into(), "false".into());
    if draft.remote.get("restrict") == Some(&Value::Bool(true)) {
        about.insert("restrict".into(), "true".into());
    }
    about
}

fn remote_file(entry: &Value) -> Option<RemoteFile> {
    let label = text_of(entry, "label").or_else(|| {
        entry
            .pointer("/dataFile/filename")?
            .as_str()
            .map(str::to_owned)
    })?;
    let name = match text_of(entry, "directoryLabel").filter(|folder| !folder.is_empty()) {
        Some(folder) => format!("{folder}/{label}"),
        None => label,
    };
    let file = entry.get("dataFile")?;
    let checksum = match file.pointer("/checksum/type").and_then(Value::as_str) {
        Some("MD5") => file.pointer("/checksum/value"),
        Some(_) => None,
        None => file.get("md5"),
    };
    Some(RemoteFile {
        name,
        size: file.get("filesize").and_then(Value::as_u64),
        md5: checksum
            .and_then(Value::as_str)
            .map(str::to_ascii_lowercase),
        is_complete: true,
    })
}
