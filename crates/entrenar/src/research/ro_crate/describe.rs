//! What a research artifact says, on the root of a crate.

use chrono::NaiveDate;

use super::super::identifier::check_url;
use super::super::text::{distinct, lines, one_line};
use super::super::{
    Affiliation, ArtifactType, Author, AuthorKind, Funding, Identifier, License, Reference,
    RelatedIdentifier, RelationType, ResearchArtifact, Ror, Subject, UsedAs,
};
use super::{Entity, Graph, PROCESS_RUN_PROFILE, Version, fragment, iri};

/// The `@id` of the entity that stands in the place of a licence where nobody chose one.
pub const NO_LICENSE_ID: &str = "#no-licence-chosen";

/// Describes the root of `graph` by `artifact`, published on `date`.
///
/// The formats insist on a title, a description and a licence. Where nobody gave one, an
/// explicit text or entity says so; nothing else is filled in.
pub fn describe(graph: &mut Graph, artifact: &ResearchArtifact, date: NaiveDate) {
    let text = |text: &str, absent: &str| match one_line(text) {
        text if text.is_empty() => absent.to_owned(),
        text => text,
    };
    let title = text(&artifact.title, "Title not recorded");
    let description = lines(artifact.description.as_deref().unwrap_or_default());
    let description = match description.is_empty() {
        true => "No description was given.".to_owned(),
        false => description,
    };
    let root = graph.root();
    root.set("name", title);
    root.set("description", description);
    root.set("datePublished", date.to_string());
    for (property, value) in [
        ("version", Some(one_line(&artifact.version))),
        ("abstract", artifact.abstract_text.as_deref().map(lines)),
        (
            "inLanguage",
            artifact.language.as_ref().map(|l| l.as_str().to_owned()),
        ),
        ("url", artifact.valid_url()),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            root.set(property, value);
        }
    }
    if let Some(how) = &artifact.title_derived_from {
        root.set(
            "disambiguatingDescription",
            format!(
                "Nobody gave a title; this one was derived from {}.",
                one_line(how)
            ),
        );
    }
    for keyword in distinct(&artifact.keywords) {
        root.add("keywords", keyword);
    }
    if let Some(created) = artifact.created_at {
        root.set("dateCreated", created.date_naive().to_string());
    }
    if let Some(doi) = &artifact.doi {
        let uri = iri(&Identifier::of_doi(doi).uri());
        root.add("identifier", uri);
    }
    profile(graph);
    authors(graph, artifact);
    if let Some(publisher) = artifact.publisher.as_deref().map(one_line)
        && !publisher.is_empty()
    {
        let id = match known_ror(artifact, &publisher) {
            Some(ror) => organization(graph, &publisher, Some(ror)),
            None => {
                graph.add(Entity::new("#publisher", "Organization").with("name", publisher));
                Some("#publisher".to_owned())
            }
        };
        if let Some(id) = id {
            graph.root().link("publisher", &id);
        }
    }
    license(graph, artifact.license.as_ref());
    for (number, subject) in artifact.subjects.iter().enumerate() {
        add_subject(graph, number + 1, subject);
    }
    for (number, funding) in artifact.funding.iter().enumerate() {
        add_funding(graph, number + 1, funding);
    }
    for related in &artifact.related {
        add_related(graph, related);
    }
    add_references(graph, artifact);
    if let Some(repository) = &artifact.repository {
        let id = iri(repository);
        graph.add(
            Entity::new(&id, "CreativeWork")
                .with("name", "Source code repository")
                .with("url", id.as_str()),
        );
        graph.root().link("isBasedOn", &id);
    }
}

fn profile(graph: &mut Graph) {
    let mut profile = Entity::new(PROCESS_RUN_PROFILE, "CreativeWork")
        .with("name", "Process Run Crate")
        .with("version", "0.5");
    if graph.version() > Version::V1_1 {
        profile.add_type("Profile");
    }
    graph.add(profile);
    graph.root().link("conformsTo", PROCESS_RUN_PROFILE);
}

/// The `@id`s of the authors that have a name, in their order: the ORCID iD, or a local one.
pub fn person_ids(artifact: &ResearchArtifact) -> Vec<(&Author, String)> {
    artifact
        .named_authors()
        .enumerate()
        .map(|(index, author)| {
            let id = author
                .orcid
                .as_ref()
                .map_or_else(|| format!("#author-{}", index + 1), |orcid| orcid.uri());
            (author, id)
        })
        .collect()
}

fn authors(graph: &mut Graph, artifact: &ResearchArtifact) {
    for (author, id) in person_ids(artifact) {
        let (kind, parts) = author.parsed();
        let mut entity = match kind {
            AuthorKind::Organisation => Entity::new(&id, "Organization"),
            _ => Entity::new(&id, "Person"),
        }
        .with("name", one_line(&author.name));
        if kind == AuthorKind::Person && parts.given.is_some() {
            entity = entity
                .with("familyName", parts.full_family())
                .with_some("givenName", parts.given)
                .with_some("honorificSuffix", parts.suffix);
        }
        if let Some(email) = author.email_address() {
            let contact = iri(&format!("mailto:{email}"));
            entity.add("email", email.clone());
            entity.link("contactPoint", &contact);
            graph.add(
                Entity::new(&contact, "ContactPoint")
                    .with("contactType", "author")
                    .with("email", email)
                    .with("name", format!("Contact of {}", one_line(&author.name))),
            );
        }
        for affiliation in &author.affiliations {
            if let Some(affiliation) = add_affiliation(graph, affiliation) {
                entity.link("affiliation", &affiliation);
            }
        }
        graph.add(entity);
        graph.root().link("author", &id);
    }
}

fn add_affiliation(graph: &mut Graph, affiliation: &Affiliation) -> Option<String> {
    organization(graph, &affiliation.name, affiliation.ror.as_ref())
}

/// An organisation by its ROR id, or by its name.
fn organization(graph: &mut Graph, name: &str, ror: Option<&Ror>) -> Option<String> {
    let name = one_line(name);
    let id = match ror {
        Some(ror) => ror.uri(),
        None if name.is_empty() => return None,
        None => format!("#organisation-{}", fragment(&name)),
    };
    let url = ror.map(Ror::uri);
    graph.add(
        Entity::new(&id, "Organization")
            .with_some("name", Some(name))
            .with_some("url", url),
    );
    Some(id)
}

/// The ROR id of an affiliation or funder of that name.
fn known_ror<'a>(artifact: &'a ResearchArtifact, name: &str) -> Option<&'a Ror> {
    let places = artifact
        .authors
        .iter()
        .flat_map(|author| &author.affiliations);
    let places = places.map(|place| (&place.name, place.ror.as_ref()));
    let funders = artifact.funding.iter();
    let funders = funders.map(|funding| (&funding.funder, funding.funder_ror.as_ref()));
    places
        .chain(funders)
        .find_map(|(known, ror)| ror.filter(|_| one_line(known) == name))
}

fn license(graph: &mut Graph, license: Option<&License>) {
    let entity = match license {
        None => Entity::new(NO_LICENSE_ID, "CreativeWork")
            .with("name", "No licence chosen")
            .with(
                "description",
                "Nobody stated a licence. Ask the authors before you reuse this.",
            ),
        Some(license) => match license.single_id() {
            Some(id) => Entity::new(format!("https://spdx.org/licenses/{id}"), "CreativeWork")
                .with("identifier", id)
                .with_some("name", license.full_name())
                .with("description", format!("SPDX licence {id}"))
                .with("url", format!("https://spdx.org/licenses/{id}.html")),
            None => Entity::new("#licence", "CreativeWork")
                .with("identifier", license.as_str())
                .with("name", license.as_str())
                .with("description", "SPDX licence expression"),
        },
    };
    graph.root().link("license", entity.id());
    graph.add(entity);
}

fn add_subject(graph: &mut Graph, number: usize, subject: &Subject) {
    let term = one_line(&subject.term);
    if term.is_empty() {
        return;
    }
    let id = subject
        .uri
        .as_deref()
        .map_or_else(|| format!("#subject-{number}"), iri);
    graph.add(
        Entity::new(&id, "DefinedTerm")
            .with("name", term)
            .with_some("inDefinedTermSet", subject.scheme.as_deref().map(one_line)),
    );
    graph.root().link("about", &id);
}

fn add_funding(graph: &mut Graph, number: usize, funding: &Funding) {
    let Some(funder) = organization(graph, &funding.funder, funding.funder_ror.as_ref()) else {
        return;
    };
    graph.root().link("funder", &funder);
    let has_award = funding.award_number.is_some()
        || funding.award_title.is_some()
        || funding.award_url.is_some();
    if !has_award {
        return;
    }
    let id = funding
        .award_url
        .as_deref()
        .map_or_else(|| format!("#grant-{number}"), iri);
    let number_text = funding.award_number.as_deref().map(one_line);
    let title = funding.award_title.as_deref().map(one_line);
    graph.add(
        Entity::new(&id, "Grant")
            .with_some("identifier", number_text.clone())
            .with_some("name", title.or(number_text))
            .with_some("url", funding.award_url.clone())
            .with_link("funder", &funder),
    );
    graph.root().link("funding", &id);
}

/// The property of schema.org that says what DataCite's relation says; else `mentions`.
fn property_of(relation: RelationType) -> &'static str {
    match relation {
        RelationType::Cites | RelationType::References => "citation",
        RelationType::IsDerivedFrom
        | RelationType::IsVersionOf
        | RelationType::IsNewVersionOf
        | RelationType::Requires => "isBasedOn",
        RelationType::IsPartOf => "isPartOf",
        RelationType::IsDescribedBy
        | RelationType::IsDocumentedBy
        | RelationType::IsReviewedBy
        | RelationType::IsCitedBy
        | RelationType::IsReferencedBy => "subjectOf",
        _ => "mentions",
    }
}

/// Another work; the relation stands in its description, too.
fn add_related(graph: &mut Graph, related: &RelatedIdentifier) {
    let id = iri(&related.identifier.uri());
    let kind = match related.artifact_type {
        Some(ArtifactType::Paper) => "ScholarlyArticle",
        _ => "CreativeWork",
    };
    graph.add(
        Entity::new(&id, kind)
            .with("name", related.identifier.to_string())
            .with("identifier", related.identifier.to_string())
            .with("url", id.as_str())
            .with(
                "description",
                format!("Relation of this crate to it: {}", related.relation),
            ),
    );
    graph.root().link(property_of(related.relation), &id);
}

/// The `@id`s of the works that the artifact cites, in their order.
pub fn reference_ids(artifact: &ResearchArtifact) -> Vec<(&Reference, String)> {
    let id = |(index, reference): (usize, &Reference)| {
        let identifier = reference.identifiers.first();
        reference
            .doi
            .as_ref()
            .map(|doi| Identifier::of_doi(doi).uri())
            .or_else(|| check_url(reference.url.as_deref()?).ok())
            .or_else(|| Some(identifier?.uri()))
            .map_or_else(|| format!("#reference-{}", index + 1), |uri| iri(&uri))
    };
    let references = artifact.references.iter().enumerate();
    references
        .map(|(index, reference)| (reference, id((index, reference))))
        .collect()
}

fn add_references(graph: &mut Graph, artifact: &ResearchArtifact) {
    for (reference, id) in reference_ids(artifact) {
        let kind = match reference.used_as {
            Some(UsedAs::Paper) => "ScholarlyArticle",
            _ => "CreativeWork",
        };
        let text = |text: &Option<String>| text.as_deref().map(one_line);
        let mut entity = Entity::new(&id, kind)
            .with("name", text(&reference.title).unwrap_or_else(|| id.clone()))
            .with_some(
                "datePublished",
                reference.issued.map(|date| date.to_string()),
            )
            .with_some("version", text(&reference.version))
            .with_some("identifier", reference.doi.as_ref().map(|doi| doi.as_str()));
        if let Some(url) = reference.url.as_deref().and_then(|url| check_url(url).ok()) {
            entity.add("url", url);
        }
        for (number, author) in reference
            .authors
            .iter()
            .filter(|a| a.is_named())
            .enumerate()
        {
            let local = || format!("#author-of-{}-{}", fragment(&id), number + 1);
            let author_id = author
                .orcid
                .as_ref()
                .map_or_else(local, |orcid| orcid.uri());
            let kind = match author.kind() {
                AuthorKind::Organisation => "Organization",
                _ => "Person",
            };
            graph.add(Entity::new(&author_id, kind).with("name", one_line(&author.name)));
            // Not `author`: the profiles ask of an author of this crate what is not known of
            // the authors of other works.
            entity.link("creator", &author_id);
        }
        graph.add(entity);
        graph.root().link(property_of(reference.relation), &id);
    }
}
