//! What every reader of references must keep.

use entrenar::research::Reference;
use entrenar::research::graph::CitationGraph;
use entrenar::research::read::{self, ReadLimits};

/// Writes `references` as CSL-JSON and BibLaTeX, which must read back as what was written.
pub fn written_and_read(references: &[Reference]) {
    let mut graph = CitationGraph::new();
    for reference in references {
        let written = reference.to_csl_json("k");
        let again = read::csl_json(written.to_string().as_bytes(), ReadLimits::default()).unwrap();
        assert_eq!(again.references[0].to_csl_json("k"), written);
        graph.add_reference(reference);
    }
    let nodes: Vec<_> = graph.nodes().map(|(node, _)| node).collect();
    let text = graph.biblatex(&nodes);
    let again = read::biblatex(text.as_bytes(), ReadLimits::default()).unwrap();
    assert_eq!(again.references.len(), nodes.len(), "{text}");
}
