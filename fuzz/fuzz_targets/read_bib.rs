#![no_main]
//! Bytes read as a bibliography; what is read is written back as CSL-JSON and BibLaTeX, and that
//! CSL-JSON must read back as what was written.

use entrenar::research::graph::CitationGraph;
use entrenar::research::read::{self, ReadLimits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(read) = read::biblatex(bytes, ReadLimits::default()) else {
        return;
    };
    let references = read.references;
    let mut graph = CitationGraph::new();
    for reference in &references {
        let written = reference.to_csl_json("k");
        let again = read::csl_json(written.to_string().as_bytes(), ReadLimits::default()).unwrap();
        assert_eq!(again.references[0].to_csl_json("k"), written);
        graph.add_reference(reference);
    }
    let nodes: Vec<_> = graph.nodes().map(|(node, _)| node).collect();
    let text = graph.biblatex(&nodes);
    let again = read::biblatex(text.as_bytes(), ReadLimits::default()).unwrap();
    assert_eq!(again.references.len(), nodes.len(), "{text}");
});
