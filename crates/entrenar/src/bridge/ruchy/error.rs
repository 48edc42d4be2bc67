use crate::bridge::BridgeError;

/// A session could not be read from Ruchy's files or turned into an artifact.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuchyBridgeError {
    /// The session has neither a metric nor a cell: there is nothing to preserve.
    #[error("the session has no training history: neither a metric nor a code cell")]
    NoTrainingHistory,
    /// The file could not be read as a Ruchy session.
    #[error("cannot read the Ruchy session")]
    Read(#[from] BridgeError),
}
