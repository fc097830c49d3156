from lib.peers.pysaml2 import Pysaml2

PEERS = {peer.name: peer for peer in (Pysaml2,)}
