"""Signatures made by libxmlsec1 (the python `xmlsec` binding) over a document written here."""

import xmlsec
from lxml import etree

from lib.documents import NAMESPACES
from lib.identity import Identity

ASSERTION = "saml:Assertion"
RESPONSE = "."


def sign(
    xml: str,
    identity: Identity,
    *,
    what: tuple[str, ...] = (ASSERTION,),
    signature_method=xmlsec.Transform.RSA_SHA256,
    digest_method=xmlsec.Transform.SHA256,
    c14n=xmlsec.Transform.EXCL_C14N,
    inclusive_namespaces: str | None = "xs",
) -> bytes:
    """Sign the named elements, the inner before the outer, each right after its Issuer."""
    root = etree.fromstring(xml)
    for path in what:
        target = root if path == RESPONSE else root.find(path, namespaces=NAMESPACES)
        template = xmlsec.template.create(target, c14n, signature_method, ns="ds")
        target.find("saml:Issuer", namespaces=NAMESPACES).addnext(template)
        reference = xmlsec.template.add_reference(
            template, digest_method, uri="#" + target.get("ID")
        )
        xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
        transform = xmlsec.template.add_transform(reference, c14n)
        if inclusive_namespaces and c14n == xmlsec.Transform.EXCL_C14N:
            etree.SubElement(
                transform,
                "{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces",
                nsmap={"ec": "http://www.w3.org/2001/10/xml-exc-c14n#"},
                PrefixList=inclusive_namespaces,
            )
        xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(template))
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(identity.key_pem, xmlsec.KeyFormat.PEM)
        context.key.load_cert_from_memory(identity.certificate_pem, xmlsec.KeyFormat.PEM)
        context.register_id(target, "ID")
        context.sign(template)
    return etree.tostring(root)


def verify(xml: bytes, identity: Identity, what: str = ASSERTION) -> None:
    """Check one signature with libxmlsec1; raises if it does not hold."""
    root = etree.fromstring(xml)
    target = root if what == RESPONSE else root.find(what, namespaces=NAMESPACES)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(identity.certificate_pem, xmlsec.KeyFormat.CERT_PEM)
    context.register_id(target, "ID")
    context.verify(target.find("ds:Signature", namespaces=NAMESPACES))
