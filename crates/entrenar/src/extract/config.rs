//! Settings that a cell's source assigns: `lr = 0.01`, `let batch_size = 32;`.
//!
//! Only simple ones: a known name, one literal (number, string, truth value, nothing), alone on
//! a line that is not indented.

use std::collections::BTreeMap;

/// Names that are settings of a training, in lower case and in order.
const NAMES: &[&str] = &[
    "activation",
    "alpha",
    "batch",
    "batch_size",
    "batchsize",
    "beta",
    "beta1",
    "beta2",
    "block_size",
    "bs",
    "clip",
    "colsample_bytree",
    "dataset_name",
    "depth",
    "dropout",
    "dropout_rate",
    "early_stopping_rounds",
    "embed_dim",
    "embedding_dim",
    "epochs",
    "epsilon",
    "gamma",
    "grad_clip",
    "gradient_accumulation_steps",
    "hidden_dim",
    "hidden_size",
    "hidden_units",
    "iterations",
    "l2_leaf_reg",
    "label_smoothing",
    "latent_dim",
    "learning_rate",
    "lora_alpha",
    "lora_dropout",
    "lora_r",
    "lora_rank",
    "lr",
    "max_depth",
    "max_epochs",
    "max_grad_norm",
    "max_iter",
    "max_iters",
    "max_len",
    "max_length",
    "max_seq_length",
    "max_steps",
    "min_child_weight",
    "min_lr",
    "model_checkpoint",
    "model_name",
    "model_name_or_path",
    "momentum",
    "n_embd",
    "n_epochs",
    "n_estimators",
    "n_head",
    "n_heads",
    "n_layer",
    "n_layers",
    "num_boost_round",
    "num_epochs",
    "num_heads",
    "num_iterations",
    "num_layers",
    "num_leaves",
    "num_rounds",
    "num_steps",
    "num_train_epochs",
    "optimizer",
    "patience",
    "random_seed",
    "random_state",
    "rank",
    "reg_alpha",
    "reg_lambda",
    "scheduler",
    "seed",
    "seq_len",
    "sequence_length",
    "steps",
    "subsample",
    "temperature",
    "test_batch_size",
    "train_batch_size",
    "val_batch_size",
    "vocab_size",
    "warmup_epochs",
    "warmup_ratio",
    "warmup_steps",
    "wd",
    "weight_decay",
];

/// Longest string that is taken as a setting.
const MAX_STRING: usize = 200;

/// Takes the settings that `source` assigns into `config`; returns the names that it assigns
/// more than once, with different values.
pub(super) fn read(source: &str, config: &mut BTreeMap<String, String>) -> Vec<String> {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut ambiguous = Vec::new();
    let mut in_string = false;
    let has_strings = source.contains("\"\"\"") || source.contains("'''");
    for line in source.lines() {
        let marks = if has_strings {
            line.matches("\"\"\"").count() + line.matches("'''").count()
        } else {
            0
        };
        if in_string || marks > 0 {
            in_string ^= marks % 2 == 1;
            continue;
        }
        let Some((name, value)) = assignment(line) else {
            continue;
        };
        let before = seen.insert(name.to_owned(), value.clone());
        if before.is_some_and(|before| before != value) {
            ambiguous.push(name.to_owned());
        }
    }
    config.extend(seen);
    ambiguous
}

/// Reads `name = literal`, also with `let`, a type, `<-`, a semicolon or a comment.
fn assignment(line: &str) -> Option<(&str, String)> {
    if !line.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let line = ["let mut ", "let ", "const ", "var ", "val "]
        .iter()
        .find_map(|word| line.strip_prefix(word))
        .unwrap_or(line);
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    let (name, rest) = line.split_at_checked(end)?;
    let order = |known: &&str| {
        known
            .bytes()
            .cmp(name.bytes().map(|b| b.to_ascii_lowercase()))
    };
    if NAMES.binary_search_by(order).is_err() {
        return None;
    }
    let mut rest = rest.trim_start();
    if let Some(typed) = rest.strip_prefix(':') {
        let kind = typed.trim_start();
        let end = kind.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
        rest = kind.get(end..)?.trim_start();
    }
    let value = rest.strip_prefix('=').or_else(|| rest.strip_prefix("<-"))?;
    literal(value.trim()).map(|value| (name, value))
}

/// One literal and nothing behind it but a semicolon and a comment.
fn literal(text: &str) -> Option<String> {
    let mark = text.chars().next()?;
    if matches!(mark, '"' | '\'') {
        let inside = text.get(1..)?;
        let end = inside.find(mark)?;
        let value = inside.get(..end)?;
        let plain = !value.contains('\\') && value.len() <= MAX_STRING;
        return (plain && ends(inside.get(end + 1..)?)).then(|| value.to_owned());
    }
    let end = text
        .find(|c: char| c.is_whitespace() || matches!(c, ';' | '#'))
        .unwrap_or(text.len());
    let (value, rest) = text.split_at_checked(end)?;
    let word = matches!(value, "True" | "False" | "true" | "false" | "None" | "nil");
    let number = value.replace('_', "").parse::<f64>().is_ok()
        && value.contains(|c: char| c.is_ascii_digit());
    ((word || number) && ends(rest)).then(|| value.to_owned())
}

fn ends(rest: &str) -> bool {
    let rest = rest.trim_start().trim_start_matches(';').trim_start();
    rest.is_empty() || rest.starts_with('#') || rest.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(source: &str) -> Vec<(String, String)> {
        let mut config = BTreeMap::new();
        read(source, &mut config);
        config.into_iter().collect()
    }

    #[test]
    fn names_are_in_order() {
        assert!(NAMES.is_sorted());
    }

    #[test]
    fn reads_literals_of_known_names_at_the_top_level() {
        let source = "lr = 1e-3  # small\nBATCH_SIZE=64\nlet mut epochs = 3;\nlet rank: i32 = 8;\n\
                      optimizer = 'adam'\nmomentum <- 0.9\nx = 5\n    dropout = 0.5\nseed = None";
        let found = config(source);
        let pairs: Vec<_> = found
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("BATCH_SIZE", "64"),
                ("epochs", "3"),
                ("lr", "1e-3"),
                ("momentum", "0.9"),
                ("optimizer", "adam"),
                ("rank", "8"),
                ("seed", "None"),
            ]
        );
    }

    #[test]
    fn leaves_everything_else() {
        for source in [
            "lr = base_lr * 2",
            "lr == 0.1",
            "lr, wd = 0.1, 0.2",
            "optimizer = Adam(lr=0.1)",
            "batch_size = 3 * 4",
            "\"\"\"\nlr = 0.1\n\"\"\"",
            "lr = 0.1, 0.2",
            "epochs: int",
            "lr = nan",
        ] {
            assert_eq!(config(source), [], "{source}");
        }
    }
}
