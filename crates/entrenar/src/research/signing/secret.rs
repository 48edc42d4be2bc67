//! Secret keys in the form of minisign, encrypted by scrypt or not.

use std::fmt;

use blake2::{Blake2b, Digest as _, digest::consts::U32};
use ed25519_dalek::{Signer as _, SigningKey};
use zeroize::{Zeroize as _, Zeroizing};

use super::key::{key_line, unknown_algorithm, wrong_length};
use super::{KeyId, PublicKey, SigningError};
use crate::base64;

const SECRET_KEY: &str = "secret key";
/// Algorithms, salt, cost, then id, key pair and checksum.
const LENGTH: usize = 2 + 2 + 2 + 32 + 8 + 8 + BODY;
const BODY: usize = 8 + 64 + 32;
const NO_KDF: &[u8; 2] = &[0, 0];

/// What encrypting a key costs: 128 MiB (N = 2¹⁷, r = 8, p = 1), written as libsodium's limits.
const OPERATIONS: u64 = 4 << 20;
const MEMORY: u64 = 128 << 20;
/// minisign itself asks for 1 GiB; a key file that asks for more is refused.
const MOST_OPERATIONS: u64 = 32 << 20;
const MOST_MEMORY: u64 = 1 << 30;
const MOST_LANES: u32 = 1 << 10;

/// A secret key, which signs. Its bytes are wiped from memory when it is dropped.
pub struct SecretKey {
    id: KeyId,
    key: SigningKey,
}

impl SecretKey {
    /// A new random key.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn generate() -> Result<Self, SigningError> {
        let (mut id, mut seed) = ([0; 8], Zeroizing::new([0; 32]));
        random(&mut id)?;
        random(&mut *seed)?;
        Ok(Self {
            id: KeyId(id),
            key: SigningKey::from_bytes(&seed),
        })
    }

    /// The key that goes with it.
    pub fn public_key(&self) -> PublicKey {
        PublicKey {
            id: self.id,
            key: self.key.verifying_key(),
        }
    }

    /// The key's id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Ed25519 over `message`.
    pub(super) fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// A secret key file that needs no password: whoever reads it can sign.
    pub fn to_text_unencrypted(&self) -> Zeroizing<String> {
        let body = self.body();
        text(NO_KDF, &[0; 32], [0, 0], &body)
    }

    /// A secret key file that minisign reads with this password. The password is stretched by
    /// scrypt with 128 MiB.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn to_text_encrypted(&self, password: &[u8]) -> Result<Zeroizing<String>, SigningError> {
        let mut salt = [0; 32];
        random(&mut salt)?;
        let mut body = self.body();
        mask(&mut body, password, &salt, OPERATIONS, MEMORY)?;
        Ok(text(b"Sc", &salt, [OPERATIONS, MEMORY], &body))
    }

    fn body(&self) -> Zeroizing<[u8; BODY]> {
        let pair = Zeroizing::new(self.key.to_keypair_bytes());
        let mut body = Zeroizing::new([0; BODY]);
        let parts = self.id.0.iter().chain(pair.iter());
        let sum = checksum(self.id, &pair);
        for (to, from) in body.iter_mut().zip(parts.chain(&sum)) {
            *to = *from;
        }
        body
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({}, …)", self.id)
    }
}

/// A secret key file, still locked where it has a password.
pub struct LockedKey {
    kdf: [u8; 2],
    salt: [u8; 32],
    operations: u64,
    memory: u64,
    body: Zeroizing<[u8; BODY]>,
}

impl fmt::Debug for LockedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockedKey(…)")
    }
}

impl LockedKey {
    /// Reads a secret key file of minisign, rsign or [`SecretKey`].
    ///
    /// # Errors
    /// If it is none. No message holds a part of the file.
    pub fn parse(text: &str) -> Result<Self, SigningError> {
        let (line, number) = key_line(SECRET_KEY, text)?;
        let bad = |reason: String| SigningError::at_line(SECRET_KEY, number, reason);
        let bytes = base64::decode(line).ok_or_else(|| bad("this is not base64".into()))?;
        let bytes = Zeroizing::new(bytes);
        if bytes.len() == 42 {
            return Err(bad("this is a public key; the secret one is longer".into()));
        }
        let mut reader = Fields(&bytes);
        let fields = (|| {
            let algorithms: [[u8; 2]; 3] = [reader.take()?, reader.take()?, reader.take()?];
            let (salt, operations, memory) = (reader.take()?, reader.take()?, reader.take()?);
            let body = Zeroizing::new(reader.take()?);
            reader
                .0
                .is_empty()
                .then_some((algorithms, salt, operations, memory, body))
        })();
        let Some(([signature, kdf, sum], salt, operations, memory, body)) = fields else {
            return Err(bad(wrong_length(LENGTH, bytes.len())));
        };
        if &signature != b"Ed" {
            return Err(unknown_algorithm(SECRET_KEY, &signature));
        }
        if &sum != b"B2" {
            return Err(unknown_algorithm(SECRET_KEY, &sum));
        }
        if &kdf != b"Sc" && &kdf != NO_KDF {
            return Err(unknown_algorithm(SECRET_KEY, &kdf));
        }
        let (operations, memory) = (u64::from_le_bytes(operations), u64::from_le_bytes(memory));
        if &kdf == b"Sc" && (operations > MOST_OPERATIONS || memory > MOST_MEMORY) {
            return Err(bad(format!(
                "unlocking it would need {memory} bytes of memory and {operations} operations; \
                 at most {MOST_MEMORY} and {MOST_OPERATIONS} are allowed"
            )));
        }
        Ok(Self {
            kdf,
            salt,
            operations,
            memory,
            body,
        })
    }

    /// Whether a password is needed.
    pub fn is_encrypted(&self) -> bool {
        &self.kdf != NO_KDF
    }

    /// The key; `password` is of no concern where it is not encrypted.
    ///
    /// # Errors
    /// If the password is absent or wrong, or the key is damaged.
    pub fn unlock(self, password: Option<&[u8]>) -> Result<SecretKey, SigningError> {
        let mut body = self.body.clone();
        if self.is_encrypted() {
            let password = password.ok_or(SigningError::PasswordNeeded)?;
            mask(
                &mut body,
                password,
                &self.salt,
                self.operations,
                self.memory,
            )?;
        }
        let mut reader = Fields(&*body);
        let damaged = || SigningError::at_line(SECRET_KEY, 2, "the key is damaged");
        let id = KeyId(reader.take().ok_or_else(damaged)?);
        let pair = Zeroizing::new(reader.take::<64>().ok_or_else(damaged)?);
        let sum: [u8; 32] = reader.take().ok_or_else(damaged)?;
        // minisign 0.11 writes no checksum where there is no password.
        let unchecked = !self.is_encrypted() && sum == [0; 32];
        if !unchecked && sum != checksum(id, &pair) {
            return Err(if self.is_encrypted() {
                SigningError::WrongPassword
            } else {
                damaged()
            });
        }
        // The second half is the public key, which has to be that of the first half.
        let key = SigningKey::from_keypair_bytes(&pair).map_err(|_mismatch| damaged())?;
        Ok(SecretKey { id, key })
    }
}

/// Takes arrays from the front of a slice.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }
}

fn text(kdf: &[u8; 2], salt: &[u8; 32], cost: [u64; 2], body: &[u8; BODY]) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LENGTH));
    bytes.extend(b"Ed");
    bytes.extend(kdf);
    bytes.extend(b"B2");
    bytes.extend(salt);
    for limit in cost {
        bytes.extend(limit.to_le_bytes());
    }
    bytes.extend(body);
    let mut line = base64::encode(&bytes);
    let kind = if kdf == NO_KDF {
        "unencrypted"
    } else {
        "encrypted"
    };
    let text = Zeroizing::new(format!(
        "untrusted comment: minisign {kind} secret key\n{line}\n"
    ));
    line.zeroize();
    text
}

fn checksum(id: KeyId, pair: &[u8; 64]) -> [u8; 32] {
    Blake2b::<U32>::new()
        .chain_update(b"Ed")
        .chain_update(id.0)
        .chain_update(pair)
        .finalize()
        .into()
}

/// Adds the stream that scrypt makes of the password: encrypts and decrypts.
fn mask(
    body: &mut [u8; BODY],
    password: &[u8],
    salt: &[u8],
    operations: u64,
    memory: u64,
) -> Result<(), SigningError> {
    let (log_n, p) = cost(operations, memory);
    let unusable = || SigningError::at_line(SECRET_KEY, 2, "its cost parameters are not usable");
    // scrypt's buffer of p kilobytes is no part of the memory limit.
    if p > MOST_LANES {
        return Err(unusable());
    }
    let parameters = scrypt::Params::new(log_n, 8, p).map_err(|_invalid| unusable())?;
    let mut stream = Zeroizing::new([0; BODY]);
    scrypt::scrypt(password, salt, &parameters, &mut *stream).map_err(|_invalid| unusable())?;
    for (byte, key) in body.iter_mut().zip(stream.iter()) {
        *byte ^= key;
    }
    Ok(())
}

/// log₂ N and p that libsodium's `crypto_pwhash_scryptsalsa208sha256` makes of its two limits
/// (r is 8): `pickparams` of its source.
fn cost(operations: u64, memory: u64) -> (u8, u32) {
    let operations = operations.max(32768);
    let log_n = |most: u64| {
        (1_u8..63)
            .find(|&log| 1_u64 << log > most / 2)
            .unwrap_or(63)
    };
    if operations < memory / 32 {
        return (log_n(operations / 32), 1);
    }
    let log = log_n(memory / 1024);
    let product = ((operations / 4) >> log).min(0x3fff_ffff);
    (log, u32::try_from(product / 8).unwrap_or(u32::MAX))
}

pub(in super::super) fn random(bytes: &mut [u8]) -> Result<(), SigningError> {
    getrandom::fill(bytes).map_err(|error| SigningError::NoRandomness(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by minisign 0.11 with `-W`.
    const UNENCRYPTED: &str = "untrusted comment: minisign encrypted secret key\nRWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAma/JNT40MijsGP7/xIiq19OOHypU/MO4LI/sI0PhyqUE3qHoW7hDJZcj/Hxd6MVz+k4Vab7jXNtGz1KZePej8NqcKWzB6uNkAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

    #[test]
    fn reads_a_key_of_minisign_and_writes_it_back() {
        let key = LockedKey::parse(UNENCRYPTED).unwrap().unlock(None).unwrap();
        assert_eq!(
            key.public_key().to_line(),
            "RWSZr8k1PjQyKJcj/Hxd6MVz+k4Vab7jXNtGz1KZePej8NqcKWzB6uNk"
        );
        let again = LockedKey::parse(&key.to_text_unencrypted()).unwrap();
        assert!(!again.is_encrypted());
        assert_eq!(again.unlock(None).unwrap().public_key(), key.public_key());
    }

    #[test]
    fn a_password_locks_and_unlocks() {
        let key = SecretKey::generate().unwrap();
        let text = key.to_text_encrypted(b"swordfish").unwrap();
        let locked = || LockedKey::parse(&text).unwrap();
        assert!(locked().is_encrypted());
        let unlocked = locked().unlock(Some(b"swordfish")).unwrap();
        assert_eq!(unlocked.public_key(), key.public_key());
        assert!(matches!(
            locked().unlock(None),
            Err(SigningError::PasswordNeeded)
        ));
        assert!(matches!(
            locked().unlock(Some(b"guess")),
            Err(SigningError::WrongPassword)
        ));
    }

    #[test]
    fn costs_are_those_of_libsodium() {
        assert_eq!(cost(OPERATIONS, MEMORY), (17, 1));
        // SENSITIVE, which minisign uses, and INTERACTIVE
        assert_eq!(cost(33_554_432, 1 << 30), (20, 1));
        assert_eq!(cost(524_288, 16 << 20), (14, 1));
    }

    #[test]
    fn a_damaged_or_greedy_key_is_refused_and_nothing_of_it_is_shown() {
        let line = UNENCRYPTED.lines().nth(1).unwrap();
        let bytes = base64::decode(line).unwrap();
        let with = |at: usize, value: &[u8]| {
            let mut bytes = bytes.clone();
            bytes[at..at + value.len()].copy_from_slice(value);
            LockedKey::parse(&base64::encode(&bytes)).and_then(|key| key.unlock(Some(b"x")))
        };
        let message = |result: Result<SecretKey, SigningError>| result.unwrap_err().to_string();
        assert_eq!(
            message(with(70, b"\x01")),
            "secret key, line 2: the key is damaged"
        );
        assert_eq!(
            message(with(130, b"\x01")),
            "secret key, line 2: the key is damaged"
        );
        assert!(message(with(2, b"XX")).contains("\"XX\""));
        let mut greedy = b"Sc".to_vec();
        greedy.extend(b"B2");
        greedy.extend([7; 32]);
        greedy.extend([0xff; 16]);
        assert!(message(with(2, &greedy)).contains("are allowed"));
        // Costs of nothing are raised or refused, never a panic.
        greedy[36..].fill(0);
        drop(with(2, &greedy));
        let public = "RWSZr8k1PjQyKJcj/Hxd6MVz+k4Vab7jXNtGz1KZePej8NqcKWzB6uNk";
        assert!(
            LockedKey::parse(public)
                .unwrap_err()
                .to_string()
                .contains("public key")
        );
        let key = LockedKey::parse(UNENCRYPTED).unwrap();
        assert_eq!(format!("{key:?}"), "LockedKey(…)");
        assert_eq!(
            format!("{:?}", key.unlock(None).unwrap()),
            "SecretKey(2832343E35C9AF99, …)"
        );
    }
}
