"""Identity providers of other makers that demand signed requests and sign people out."""

from lib.peers.node_saml import NodeSaml
from lib.peers.pysaml2 import Pysaml2
from lib.peers.saml_idp import SamlIdp
from lib.peers.samlify import Samlify
from lib.peers.simplesamlphp import SimpleSamlPhp

PEERS = {peer.name: peer for peer in (Pysaml2, SimpleSamlPhp, Samlify, SamlIdp, NodeSaml)}
