//! Whether certificates lead to a root that is trusted, looked for as the JDK does: any way that holds will do.

use jiff::Timestamp;
use ring::signature::{UnparsedPublicKey, VerificationAlgorithm};
use x509_cert::der::Encode;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, NameConstraints};

use super::certificates::One;
use super::facts::{RootFacts, Tls, TlsFault};
use super::keys::{Key, key, public_key, scheme};
use super::roots::{Anchor, Roots};

/// Ways through the certificates that are tried; a hostile chain offers many.
const MOST_STEPS: usize = 200;

/// How a way through the certificates ends.
enum Root {
    Known(Anchor),
    /// The last certificate of the way signed itself.
    SelfSigned,
    Missing,
    /// An issuer of that name is there, and its key did not sign.
    WrongKey,
}

struct Way {
    certificates: Vec<usize>,
    root: Root,
}

/// Looks for a way to a root, and writes down what stands against the best one.
pub(super) fn authority(sent: &[One], roots: &Roots, now: Timestamp, tls: &mut Tls) {
    let mut search = Search { sent, roots, ways: Vec::new(), unverified: false, steps: 0 };
    search.extend(vec![0]);
    let faults = |way: &Way| {
        let mut faults = faults_of_way(way, sent, now);
        faults.sort_unstable();
        faults.dedup();
        faults
    };
    // The JDK looks for a way that holds, so the best one counts.
    let rank = |way: &Way| match way.root {
        Root::Known(Anchor { listed: Some(true), .. }) => 0,
        Root::Known(Anchor { listed: None, .. }) => 1,
        Root::Known(_) => 2,
        Root::SelfSigned => 3,
        Root::WrongKey => 4,
        Root::Missing => 5,
    };
    let Some((way, faults)) =
        (search.ways.iter().map(|way| (way, faults(way)))).min_by_key(|(way, faults)| {
            (faults.iter().filter(|fault| **fault != TlsFault::IssuerNotSent).count(), rank(way))
        })
    else {
        return;
    };
    for fault in faults {
        tls.fault(fault);
    }
    tls.path.complete = Some(!matches!(way.root, Root::Missing | Root::WrongKey));
    let last = &sent[way.certificates[way.certificates.len() - 1]];
    tls.path.root = match &way.root {
        Root::Known(anchor) => {
            let own = sent.iter().find(|one| one.subject == anchor.subject && one.spki == anchor.key);
            let name = own.map_or_else(|| last.facts().issuer, |own| own.facts().subject);
            Some(RootFacts {
                subject: name,
                sent: own.is_some(),
                may_sign: own.is_none_or(One::is_declared_authority),
                listed: anchor.listed,
            })
        }
        // Most likely private, but the list also has roots that Mozilla no longer has.
        Root::SelfSigned => Some(RootFacts {
            subject: last.facts().subject,
            sent: true,
            may_sign: last.is_declared_authority(),
            listed: None,
        }),
        Root::Missing | Root::WrongKey => None,
    };
    if matches!(&way.root, Root::Known(anchor) if anchor.listed.is_none()) {
        tls.note("whether API Gateway trusts this root: its published list was not compared with it");
    }
    if search.unverified {
        tls.note("some signatures in the chain, which this program's library cannot verify");
    }
}

struct Search<'a> {
    sent: &'a [One],
    roots: &'a Roots,
    ways: Vec<Way>,
    unverified: bool,
    steps: usize,
}

impl Search<'_> {
    fn extend(&mut self, way: Vec<usize>) {
        self.steps += 1;
        let Some(&last) = way.last().filter(|_| self.steps <= MOST_STEPS) else { return };
        let one = &self.sent[last];
        let mut wrong_key = false;
        let before = self.ways.len();
        let end = |root| Way { certificates: way.clone(), root };
        // The certificate itself may be one that is trusted, by its key.
        let itself = self.roots.of(&one.subject).into_iter().find(|root| root.key == one.spki);
        if let Some(root) = itself {
            self.ways.push(end(Root::Known(root)));
            return;
        }
        for root in self.roots.of(&one.issuer) {
            match signed_by(one, &root.key) {
                Some(false) => wrong_key = true,
                verified => {
                    self.unverified |= verified.is_none();
                    self.ways.push(end(Root::Known(root)));
                }
            }
        }
        if one.subject == one.issuer && signed_by(one, &one.spki) != Some(false) {
            self.ways.push(end(Root::SelfSigned));
        }
        for (at, issuer) in self.sent.iter().enumerate() {
            let same = way.iter().any(|before| self.sent[*before].spki == issuer.spki);
            if issuer.subject != one.issuer || way.contains(&at) || same {
                continue;
            }
            match signed_by(one, &issuer.spki) {
                Some(false) => wrong_key = true,
                verified => {
                    self.unverified |= verified.is_none();
                    let mut longer = way.clone();
                    longer.push(at);
                    self.extend(longer);
                }
            }
        }
        if self.ways.len() == before {
            self.ways.push(end(if wrong_key { Root::WrongKey } else { Root::Missing }));
        }
    }
}

fn faults_of_way(way: &Way, sent: &[One], now: Timestamp) -> Vec<TlsFault> {
    let mut faults = Vec::new();
    let leaf = &sent[way.certificates[0]];
    let alone = way.certificates.len() == 1;
    match &way.root {
        Root::Known(Anchor { listed: Some(false), .. }) => faults.push(TlsFault::UntrustedUnknownRoot),
        Root::Known(_) => {}
        Root::SelfSigned if alone => faults.push(TlsFault::UntrustedSelfSigned),
        Root::SelfSigned => faults.push(TlsFault::UntrustedUnknownRoot),
        Root::Missing => faults.push(TlsFault::IssuerNotSent),
        Root::WrongKey => faults.push(TlsFault::BadSignature),
    }
    // A trusted root is trusted as it is: neither its dates nor its own signature are looked at.
    let is_trust = |at: usize| {
        at > 0
            && at + 1 == way.certificates.len()
            && matches!(&way.root, Root::Known(root) if root.key == sent[way.certificates[at]].spki)
    };
    for (at, one) in way.certificates.iter().map(|at| &sent[*at]).enumerate() {
        if is_trust(at) {
            continue;
        }
        match one.key {
            Key::Rsa(bits) | Key::RsaPss(bits) if bits < 1024 => faults.push(TlsFault::WeakKey),
            Key::Dsa | Key::OtherCurve | Key::Other => faults.push(TlsFault::UnsupportedKey),
            _ => {}
        }
        let own_root = matches!(way.root, Root::SelfSigned) && at + 1 == way.certificates.len();
        if is_weak(one.algorithm()) && !own_root {
            faults.push(TlsFault::WeakSignature);
        }
        if at == 0 {
            continue;
        }
        if one.not_after() < now {
            faults.push(TlsFault::ExpiredIntermediate);
        }
        if one.not_before() > now {
            faults.push(TlsFault::NotYetValid);
        }
        let basic = one.extension::<BasicConstraints>();
        // Between this authority and the leaf stand this many others.
        let too_long =
            basic.and_then(|basic| basic.path_len_constraint).is_some_and(|most| usize::from(most) < at - 1);
        if !one.may_sign() || too_long || one.has_unknown_critical() || !allows(one, leaf) {
            faults.push(TlsFault::BadChain);
        }
    }
    faults
}

/// Whether an authority that may sign only some names may sign these. Kinds of names other than DNS are not compared.
fn allows(authority: &One, leaf: &One) -> bool {
    let Some(constraints) = authority.extension::<NameConstraints>() else { return true };
    let dns = |trees: Option<Vec<_>>| -> Vec<String> {
        let trees: Vec<x509_cert::ext::pkix::constraints::name::GeneralSubtree> = trees.unwrap_or_default();
        let name = |name: GeneralName| match name {
            GeneralName::DnsName(name) => Some(name.to_string().to_ascii_lowercase()),
            _ => None,
        };
        trees.into_iter().filter_map(|tree| name(tree.base)).collect()
    };
    let within = |name: &str, tree: &str| {
        let tree = tree.trim_start_matches('.');
        name.strip_suffix(tree).is_some_and(|rest| rest.is_empty() || rest.ends_with('.') || tree.is_empty())
    };
    let (permitted, excluded) = (dns(constraints.permitted_subtrees), dns(constraints.excluded_subtrees));
    leaf.names().dns.iter().map(|name| name.to_ascii_lowercase()).all(|name| {
        (permitted.is_empty() || permitted.iter().any(|tree| within(&name, tree)))
            && !excluded.iter().any(|tree| within(&name, tree))
    })
}

/// `None` where ring cannot verify such a signature.
fn signed_by(one: &One, spki: &[u8]) -> Option<bool> {
    let algorithm = algorithm(one, key(spki))?;
    let signature = one.certificate.signature().as_bytes()?;
    Some(UnparsedPublicKey::new(algorithm, public_key(spki)?).verify(&one.signed, signature).is_ok())
}

fn algorithm(one: &One, key: Key) -> Option<&'static dyn VerificationAlgorithm> {
    let name = one.algorithm().to_string();
    let hash = || {
        let parameters = one.certificate.signature_algorithm().parameters.as_ref()?.to_der().ok()?;
        // The hash's own number ends these bytes: 2.16.840.1.101.3.4.2.{1,2,3}.
        let number =
            parameters.windows(9).find(|part| part[..8] == [0x60, 0x86, 0x48, 0x01, 0x65, 3, 4, 2])?[8];
        [(1, 0x0804), (2, 0x0805), (3, 0x0806)]
            .iter()
            .find(|(hash, _)| *hash == number)
            .map(|(_, scheme)| *scheme)
    };
    match name.as_str() {
        "1.2.840.113549.1.1.5" => scheme(0x0201, key),
        "1.2.840.113549.1.1.11" => scheme(0x0401, key),
        "1.2.840.113549.1.1.12" => scheme(0x0501, key),
        "1.2.840.113549.1.1.13" => scheme(0x0601, key),
        "1.2.840.113549.1.1.10" => scheme(hash()?, key),
        "1.2.840.10045.4.3.2" => scheme(0x0403, key),
        "1.2.840.10045.4.3.3" => scheme(0x0503, key),
        "1.3.101.112" => scheme(0x0807, key),
        _ => None,
    }
}

/// MD2 and MD5, which every current JDK refuses.
fn is_weak(algorithm: ObjectIdentifier) -> bool {
    ["1.2.840.113549.1.1.2", "1.2.840.113549.1.1.4"].contains(&algorithm.to_string().as_str())
}
