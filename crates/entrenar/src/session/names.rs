//! Which series names count as loss and as accuracy.
//!
//! Names are compared without case and with every run of other characters than letters and
//! digits taken as one underscore, so `Train Loss` and `train/loss` are both `train_loss`.

use super::SeriesKey;

/// Names of the training loss, in the order in which they are looked for.
pub const LOSS_NAMES: [&str; 9] = [
    "loss",
    "train_loss",
    "training_loss",
    "losses",
    "train_losses",
    "training_losses",
    "total_loss",
    "loss_history",
    "history_loss",
];

/// Names of the accuracy, in the order in which they are looked for.
pub const ACCURACY_NAMES: [&str; 10] = [
    "accuracy",
    "acc",
    "train_accuracy",
    "train_acc",
    "training_accuracy",
    "accuracies",
    "history_accuracy",
    "history_acc",
    "val_accuracy",
    "val_acc",
];

/// Folds a series name for comparison with the lists.
pub fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            folded.push(c.to_ascii_lowercase());
        } else if c.is_alphanumeric() {
            folded.extend(c.to_lowercase());
        } else if !folded.is_empty() && !folded.ends_with('_') {
            folded.push('_');
        }
    }
    if folded.ends_with('_') {
        folded.pop();
    }
    folded
}

/// Position of `name` in the list of loss names.
pub fn loss_rank(name: &str) -> Option<usize> {
    let folded = fold(name);
    LOSS_NAMES.iter().position(|known| *known == folded)
}

/// Position of `name` in the list of accuracy names.
pub fn accuracy_rank(name: &str) -> Option<usize> {
    let folded = fold(name);
    ACCURACY_NAMES.iter().position(|known| *known == folded)
}

/// The places of those of `keys` that hold the loss, in the order of runs; see
/// [`SessionMetrics::loss`](super::SessionMetrics::loss).
pub fn loss_among(keys: &[&SeriesKey]) -> Vec<usize> {
    among(keys, loss_rank)
}

/// The same for the accuracy.
pub fn accuracy_among(keys: &[&SeriesKey]) -> Vec<usize> {
    among(keys, accuracy_rank)
}

fn among(keys: &[&SeriesKey], rank_of: impl Fn(&str) -> Option<usize>) -> Vec<usize> {
    let places = keys.iter().enumerate().map(|(place, key)| (*key, place));
    super::metrics::ranked(places, rank_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_one() {
        for name in ["train_loss", "Train Loss", "train/loss", "TRAIN-LOSS:"] {
            assert_eq!(loss_rank(name), Some(1), "{name}");
        }
        assert_eq!(loss_rank("val_loss"), None);
        assert_eq!(accuracy_rank("Acc"), Some(1));
    }
}
