//! The session bridge as its users write it: every published snippet compiles and does what it
//! is documented to do.
#![cfg(feature = "ruchy-sessions")]
#![expect(
    clippy::disallowed_methods,
    reason = "the snippets take the present time as users do"
)]

use std::error::Error;

use entrenar::bridge::ruchy::RuchyCell;
use entrenar::ecosystem::{
    CodeCell, EntrenarSession, RuchyBridgeError, RuchySession, session_to_artifact,
};
use entrenar::research::{
    ArchiveDeposit, ArtifactType, CitationMetadata, ContributorRole, MissingField, ZenodoConfig,
};

fn train_epoch() -> f64 {
    0.25
}

fn evaluate() -> f64 {
    87.5
}

fn lora_cell() -> CodeCell {
    CodeCell {
        execution_order: 1,
        source: r#"
model = load_model("llama-7b")
trainer = Trainer(model, lr=1e-4)
trainer.train(epochs=10)
    "#
        .to_string(),
        output: Some("Training completed. Final loss: 0.2".to_string()),
        timestamp: chrono::Utc::now(),
        duration_ms: Some(45000),
    }
}

#[test]
fn a_session_holds_its_metadata() {
    let session = EntrenarSession::new("sess-001", "LoRA Fine-tuning")
        .with_user("alice")
        .with_architecture("llama-7b")
        .with_dataset("custom-dataset")
        .with_config("batch_size", "32")
        .with_config("learning_rate", "1e-4")
        .with_tag("fine-tuning")
        .with_tag("lora")
        .with_notes("Initial experiment with rank 64");

    assert_eq!(session.id, "sess-001");
    assert_eq!(session.name, "LoRA Fine-tuning");
    assert_eq!(session.user.as_deref(), Some("alice"));
    assert_eq!(session.architecture.as_deref(), Some("llama-7b"));
    assert_eq!(session.dataset.as_deref(), Some("custom-dataset"));
    assert_eq!(session.config["batch_size"], "32");
    assert_eq!(session.config["learning_rate"], "1e-4");
    assert_eq!(session.tags, ["fine-tuning", "lora"]);
    assert_eq!(
        session.notes.as_deref(),
        Some("Initial experiment with rank 64")
    );
}

#[test]
fn metrics_are_tracked_over_time() {
    let mut session = EntrenarSession::new("sess-001", "Training");

    session.metrics.add_loss(0.5);
    session.metrics.add_loss(0.3);
    session.metrics.add_loss(0.2);

    session.metrics.add_accuracy(75.0);
    session.metrics.add_accuracy(85.0);

    session.metrics.add_lr(0.001);
    session.metrics.add_grad_norm(1.5);

    session.metrics.add_custom("f1_score", 0.82);
    session.metrics.add_custom("bleu", 0.45);

    let shown = [
        format!("Steps: {}", session.metrics.total_steps()),
        format!("Final loss: {:?}", session.metrics.final_loss()),
        format!("Best loss: {:?}", session.metrics.best_loss()),
        format!("Final accuracy: {:?}", session.metrics.final_accuracy()),
        format!("Best accuracy: {:?}", session.metrics.best_accuracy()),
    ];
    assert_eq!(
        shown,
        [
            "Steps: 3",
            "Final loss: Some(0.2)",
            "Best loss: Some(0.2)",
            "Final accuracy: Some(85.0)",
            "Best accuracy: Some(85.0)",
        ]
    );
    let names: Vec<_> = session.metrics.series().iter().map(|s| s.name()).collect();
    assert_eq!(
        names,
        ["loss", "accuracy", "lr", "grad_norm", "f1_score", "bleu"]
    );
}

#[test]
fn executed_cells_are_kept() {
    let mut session = EntrenarSession::new("sess-001", "Training");
    let cell = lora_cell();
    session.add_code_cell(cell.clone());
    assert_eq!(session.code_history, [cell]);
    assert!(!session.has_training_data());
}

#[test]
fn a_session_begins_and_ends() {
    let mut session = EntrenarSession::new("sess-001", "Training").with_user("bob");
    for _epoch in 0..10 {
        let loss = train_epoch();
        session.metrics.add_loss(loss);
    }
    assert!(session.has_training_data());
    assert_eq!(session.metrics.total_steps(), 10);
    assert_eq!(session.duration(), None);

    session.end();

    let duration = session.duration().unwrap();
    assert_eq!(
        format!("Session lasted {} hours", duration.num_hours()),
        "Session lasted 0 hours"
    );
}

#[test]
fn a_ruchy_session_becomes_a_session() {
    let mut ruchy_session = RuchySession::default();
    ruchy_session.metadata.student_id = Some("carol".into());
    let losses = RuchyCell::new("losses").with_value("[1.15, 0.5, 0.08]");
    ruchy_session.cells.push(losses);

    let session: EntrenarSession = ruchy_session.into();

    assert_eq!(
        format!("User: {:?}", session.user),
        r#"User: Some("carol")"#
    );
    assert_eq!(
        format!("Steps: {}", session.metrics.total_steps()),
        "Steps: 3"
    );
    assert_ne!(format!("Session: {}", session.name), "Session: ");
    // A recording has no title: what stands in for it says so.
    assert!(session_to_artifact(&session).unwrap().title_is_derived());
}

#[test]
fn a_session_becomes_an_artifact() -> Result<(), Box<dyn Error>> {
    let mut session = EntrenarSession::new("sess-001", "LoRA Experiment")
        .with_user("alice")
        .with_architecture("llama-7b")
        .with_tag("lora")
        .with_tag("fine-tuning");

    session.metrics.add_loss(0.5);
    session.metrics.add_loss(0.2);

    let artifact = session_to_artifact(&session)?;

    assert_eq!(
        format!("Artifact ID: {}", artifact.id),
        "Artifact ID: sess-001"
    );
    assert_eq!(
        format!("Type: {}", artifact.artifact_type),
        "Type: Notebook"
    );
    let authors = format!("Authors: {:?}", artifact.authors);
    for part in ["alice", "Software", "Investigation"] {
        assert!(authors.contains(part), "{authors}");
    }
    assert_eq!(
        format!("Keywords: {:?}", artifact.keywords),
        r#"Keywords: ["lora", "fine-tuning"]"#
    );
    assert_eq!(
        format!("Version: {}", artifact.version),
        "Version: 1.0.0+steps2"
    );

    assert_eq!(artifact.artifact_type, ArtifactType::Notebook);
    assert_eq!(artifact.authors.len(), 1);
    assert_eq!(
        artifact.authors[0].roles,
        [ContributorRole::Software, ContributorRole::Investigation]
    );
    let description = artifact.description.unwrap();
    for part in ["llama-7b", "2 training steps", "Loss: final 0.2, best 0.2"] {
        assert!(description.contains(part), "{description}");
    }
    assert_eq!(artifact.license, None);
    assert_eq!(artifact.doi, None);
    Ok(())
}

#[test]
fn keywords_have_a_default() -> Result<(), RuchyBridgeError> {
    let mut session = EntrenarSession::new("s", "S");
    session.metrics.add_loss(0.5);
    let artifact = session_to_artifact(&session)?;
    assert_eq!(artifact.keywords, ["training", "experiment", "entrenar"]);
    assert!(artifact.authors.is_empty());
    Ok(())
}

#[test]
fn an_empty_session_is_no_artifact() {
    let session = EntrenarSession::new("empty", "Empty Session");

    let said = match session_to_artifact(&session) {
        Ok(artifact) => format!("Created: {}", artifact.id),
        Err(RuchyBridgeError::NoTrainingHistory) => {
            "Session has no training data or code".to_owned()
        }
        Err(e) => format!("Conversion failed: {e}"),
    };
    assert_eq!(said, "Session has no training data or code");
}

#[test]
fn code_alone_is_enough() -> Result<(), RuchyBridgeError> {
    let mut session = EntrenarSession::new("s", "S");
    session.add_code_cell(lora_cell());
    let artifact = session_to_artifact(&session)?;
    assert_eq!(artifact.version, "1.0.0+steps0");
    assert!(artifact.description.unwrap().contains("1 code cell"));
    Ok(())
}

#[test]
fn the_whole_way() -> Result<(), Box<dyn Error>> {
    let mut session = EntrenarSession::new("exp-2024-001", "Temperature Ablation Study")
        .with_user("researcher@university.edu")
        .with_architecture("llama-2-7b")
        .with_dataset("alpaca-clean")
        .with_config("temperature", "4.0")
        .with_config("alpha", "0.7")
        .with_tag("distillation")
        .with_tag("ablation");

    for epoch in 0..50 {
        let loss = train_epoch();
        session.metrics.add_loss(loss);

        if epoch % 10 == 0 {
            let accuracy = evaluate();
            session.metrics.add_accuracy(accuracy);
        }
    }

    session.add_code_cell(CodeCell {
        execution_order: 1,
        source: "# Training code...".to_string(),
        output: Some("Training complete".to_string()),
        timestamp: chrono::Utc::now(),
        duration_ms: Some(3600000),
    });

    session.end();

    let artifact = session_to_artifact(&session)?;

    let citation = CitationMetadata::from_artifact(&artifact, 2024);
    let bibtex = citation.to_bibtex();
    for part in [
        "@software{researcher_2024_temperature_",
        "author = {{researcher@university.edu}}",
        "title = {Temperature Ablation Study}",
        "year = {2024}",
        "version = {1.0.0+steps50}",
        "keywords = {distillation, ablation}",
    ] {
        assert!(bibtex.contains(part), "{part} in {bibtex}");
    }
    for absent in ["doi", "url", "icense"] {
        assert!(!bibtex.contains(absent), "{absent} in {bibtex}");
    }

    let deposit = ArchiveDeposit::new(ZenodoConfig::new("your-token"));
    let prepared = deposit.prepare(&artifact)?;
    let missing: Vec<_> = prepared.missing().iter().map(|item| item.field).collect();
    for field in [
        MissingField::PublicationDate,
        MissingField::Files,
        MissingField::License,
        MissingField::AuthorName,
        MissingField::Orcid,
    ] {
        assert!(missing.contains(&field), "{field:?} in {missing:?}");
    }
    assert!(!missing.contains(&MissingField::Token));
    Ok(())
}
