from lib.peers.simplesamlphp import SimpleSamlPhp
from lib.peers.pysaml2 import Pysaml2

PEERS = {peer.name: peer for peer in (SimpleSamlPhp,Pysaml2)}
