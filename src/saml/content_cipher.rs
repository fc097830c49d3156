//! Content encryption: AES-GCM (XML Encryption 1.1 section 5.2.4) and AES-CBC (section 5.2.2).

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

/// EncryptionMethod of EncryptedData, in the order the metadata offers them.
pub(super) const CIPHERS: &[&str] = &[
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
    "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
];

const NONCE: usize = 12;
const TAG: usize = 16;
const BLOCK: usize = 16;

/// One of [`CIPHERS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentCipher {
    Aes128Gcm,
    Aes256Gcm,
    Aes128Cbc,
    Aes256Cbc,
}

impl ContentCipher {
    /// The cipher that an EncryptionMethod names, if it is allowed.
    pub(super) fn of(uri: &str) -> Option<Self> {
        let known = CIPHERS.iter().find(|known| **known == uri)?;
        Some(match known.rsplit('#').next()? {
            "aes256-gcm" => Self::Aes256Gcm,
            "aes128-gcm" => Self::Aes128Gcm,
            "aes256-cbc" => Self::Aes256Cbc,
            _ => Self::Aes128Cbc,
        })
    }

    /// Length of its key in bytes.
    pub(super) fn key_length(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes128Cbc => 16,
            Self::Aes256Gcm | Self::Aes256Cbc => 32,
        }
    }

    /// Whether a ciphertext that somebody changed can still open. Such a one must stand under a
    /// signature, or the answers to changed ones give the plaintext away, byte by byte.
    pub(super) fn is_malleable(self) -> bool {
        matches!(self, Self::Aes128Cbc | Self::Aes256Cbc)
    }

    /// The plaintext; `None` if key and ciphertext don't belong together.
    pub(super) fn open(self, key: &[u8], ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut room = Zeroizing::new(ciphertext.to_vec());
        let range = match self {
            Self::Aes128Gcm | Self::Aes256Gcm => self.open_gcm(key, &mut room)?,
            Self::Aes128Cbc | Self::Aes256Cbc => self.open_cbc(key, &mut room)?,
        };
        room.truncate(range.end);
        room.drain(..range.start);
        Some(room)
    }

    fn open_gcm(self, key: &[u8], room: &mut [u8]) -> Option<std::ops::Range<usize>> {
        let algorithm = match self.key_length() {
            16 => &AES_128_GCM,
            _ => &AES_256_GCM,
        };
        let (nonce, sealed) = room.split_at_mut_checked(NONCE)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
        let length = key.open_in_place(nonce, Aad::empty(), sealed).ok()?.len();
        debug_assert_eq!(length + NONCE + TAG, room.len());
        Some(NONCE..NONCE + length)
    }

    fn open_cbc(self, key: &[u8], room: &mut [u8]) -> Option<std::ops::Range<usize>> {
        let algorithm = match self.key_length() {
            16 => &AES_128,
            _ => &AES_256,
        };
        let (start, sealed) = room.split_at_mut_checked(BLOCK)?;
        let start: [u8; BLOCK] = (*start).try_into().ok()?;
        let key = DecryptingKey::cbc(UnboundCipherKey::new(algorithm, key).ok()?).ok()?;
        let context = DecryptionContext::Iv128(FixedLength::from(start));
        let padded = key.decrypt(sealed, context).ok()?;
        // Only the last byte counts; the others of the padding are arbitrary.
        let padding = usize::from(*padded.last()?);
        if padding == 0 || padding > BLOCK {
            return None;
        }
        let length = padded.len().checked_sub(padding)?;
        Some(BLOCK..BLOCK + length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cipher_and_every_length() {
        for uri in CIPHERS {
            let cipher = ContentCipher::of(uri).unwrap();
            let key = vec![7; cipher.key_length()];
            let maker = bergshamra_crypto::cipher::from_uri(uri).unwrap();
            for length in [1, 15, 16, 17, 31, 32, 500] {
                let plaintext = vec![b'x'; length];
                let sealed = maker.encrypt(&key, &plaintext).unwrap();
                assert_eq!(**cipher.open(&key, &sealed).unwrap(), plaintext, "{uri}");
                assert_eq!(cipher.open(&key[1..], &sealed), None);
                for cut in (0..32).filter(|cut| *cut < sealed.len()) {
                    assert_eq!(cipher.open(&key, &sealed[..cut]), None, "{uri} {cut}");
                }
            }
            assert_eq!(cipher.is_malleable(), uri.ends_with("cbc"));
        }
        assert_eq!(
            ContentCipher::of("http://www.w3.org/2001/04/xmlenc#tripledes-cbc"),
            None
        );
    }
}
