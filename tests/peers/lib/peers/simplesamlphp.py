"""SimpleSAMLphp (PHP, xmlseclibs) as Debian packages it, behind PHP's own web server."""

import json
import subprocess
from pathlib import Path
from urllib.parse import quote, urlsplit

from lxml import etree

from lib.appliance import free_port
from lib.browser import Browser
from lib.documents import NAMESPACES
from lib.identity import Identity
from lib.peers.peer import EMAIL, Peer, Style, wait_until_open

# The appliance's own site: cookies that go along from another one must be Secure, and SimpleSAMLphp
# makes such cookies only behind TLS.
HOST = "127.0.0.1"
INSTALLED = Path("/usr/share/simplesamlphp")
PASSWORD = "a-password-of-the-peer"
CONFIGURATION = """<?php
require '{installed}/config/config.php';
$config = array_merge($config, [
    'baseurlpath' => '{base}/',
    'certdir' => '{directory}/', 'loggingdir' => '{directory}/', 'datadir' => '{directory}/',
    'tempdir' => '{directory}/tmp', 'metadatadir' => '{directory}/metadata/',
    'logging.handler' => 'file', 'logging.level' => SimpleSAML\\Logger::INFO,
    'statistics.out' => [],
    'secretsalt' => '{salt}', 'auth.adminpassword' => '{salt}', 'timezone' => 'UTC',
    'enable.saml20-idp' => true,
    'module.enable' => ['core' => true, 'saml' => true, 'exampleauth' => true],
    'session.cookie.secure' => false, 'session.cookie.samesite' => null,
    'language.cookie.secure' => false, 'language.cookie.samesite' => null,
    'store.type' => 'phpsession', 'session.phpsession.savepath' => '{directory}/sessions',
]);
"""
PEOPLE = """<?php
$config = ['people' => [
    'exampleauth:UserPass',
    'ada:{password}' => [
        'mail' => ['{email}'], 'email' => ['{email}'],
        'firstName' => ['Ada'], 'lastName' => ['Lovelace'],
    ],
]];
"""
HOSTED = """<?php
$metadata['{entity}'] = [
    'host' => '__DEFAULT__', 'auth' => 'people',
    'privatekey' => 'idp.key', 'certificate' => 'idp.crt',
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'SingleSignOnServiceBinding' => [{bindings}], 'SingleLogoutServiceBinding' => [{bindings}],
    'validate.authnrequest' => true, 'validate.logout' => true, 'sign.logout' => true,
];
"""
BINDINGS = ", ".join(
    f"'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-{name}'" for name in ("Redirect", "POST")
)
# Converts with SimpleSAMLphp's own parser, as its admin page does.
REMOTE = """
require '/usr/share/simplesamlphp/lib/_autoload.php';
$entity = SimpleSAML\\Metadata\\SAMLParser::parseFile($argv[1])->getMetadata20SP();
unset($entity['entityDescriptor'], $entity['expire']);
$entity = array_merge($entity, json_decode($argv[3], true));
[$name, $value] = [var_export($entity['entityid'], true), var_export($entity, true)];
file_put_contents($argv[2], "<?php\\n\\$metadata[$name] = $value;\\n");
"""
# PHP's server finds no script where the address goes on after its name.
ROUTER = """<?php
if ($_SERVER['REQUEST_URI'] === '/signed-out') {
    exit('signed out');
}
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (!preg_match('#^(/.*?\\.php)(/.*)?$#', $path, $parts) || !is_file('{installed}/www' . $parts[1])) {
    return false;
}
$_SERVER['SCRIPT_NAME'] = $parts[1];
$_SERVER['SCRIPT_FILENAME'] = '{installed}/www' . $parts[1];
$_SERVER['PATH_INFO'] = $parts[2] ?? '';
chdir(dirname($_SERVER['SCRIPT_FILENAME']));
require $_SERVER['SCRIPT_FILENAME'];
"""


class SimpleSamlPhp(Peer):
    """One SimpleSAMLphp with a configuration of its own; its pages are filled in as a person does."""

    name = "SimpleSAMLphp"
    # It has no setting for another cipher.
    cipher = "cbc"
    unsigned = "no signature found on message"
    # It counts a signature in a message that doesn't hold as none.
    forged = "Unable to validate signature on query string|no signature found on message"

    def __init__(self, directory: Path):
        self.directory = directory
        self.port = free_port(HOST)
        self.base = f"http://{HOST}:{self.port}"
        self.entity_id = "urn:peer:simplesamlphp"
        self.process: subprocess.Popen | None = None
        self._service_provider = directory / "sp.xml"
        self._settings: dict = {}
        identity = Identity.new(self.entity_id)
        self._write("idp.key", identity.key_pem.decode())
        self._write("idp.crt", identity.certificate_pem.decode())
        for name in ("metadata", "tmp", "sessions"):
            (directory / name).mkdir()
        values = {
            "installed": INSTALLED, "base": self.base, "directory": directory, "salt": "0" * 32,
            "email": EMAIL, "password": PASSWORD, "entity": self.entity_id,
            "bindings": BINDINGS,
        }  # fmt: skip
        for name, text in (
            ("config.php", CONFIGURATION), ("authsources.php", PEOPLE),
            ("metadata/saml20-idp-hosted.php", HOSTED), ("router.php", ROUTER),
        ):  # fmt: skip
            for key, value in values.items():
                text = text.replace(f"{{{key}}}", str(value))
            self._write(name, text)
        self._environment = {
            "SIMPLESAMLPHP_CONFIG_DIR": str(directory), "PATH": "/usr/bin:/bin",
        }  # fmt: skip
        log_file = directory / "peer.log"
        pages, router = INSTALLED / "www", directory / "router.php"
        # PHP looks at a file that it has compiled every two seconds only, and ours change in between.
        compiled = ("-d", "opcache.enable=0")
        with open(log_file, "wb") as log:
            self.process = subprocess.Popen(
                ["php", *compiled, "-S", f"{HOST}:{self.port}", "-t", pages, router],
                env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        wait_until_open(self.process, HOST, self.port, log_file)

    @property
    def version(self) -> str:
        """As Debian's package names it."""
        shown = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", "simplesamlphp"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return shown.stdout

    def _write(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text)

    @property
    def metadata(self) -> str:
        page = Browser().open(f"{self.base}/saml2/idp/metadata.php")
        assert page.status == 200, page.text
        return page.text

    def trust(self, metadata: str) -> None:
        self._service_provider.write_text(metadata)
        self.answer_as(Style(response=True, assertion=True))

    def answer_as(self, style: Style) -> None:
        self._configure({
            "saml20.sign.response": style.response,
            "saml20.sign.assertion": style.assertion,
            "assertion.encryption": style.encrypted,
            "NameIDFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            "simplesaml.nameidattribute": "mail",
        })  # fmt: skip

    def _configure(self, settings: dict) -> None:
        self._settings.update(settings)
        target = self.directory / "metadata/saml20-sp-remote.php"
        subprocess.run(
            ["php", "-r", REMOTE, "--", self._service_provider, target, json.dumps(self._settings)],
            env=self._environment, check=True,
        )  # fmt: skip

    def logout_by(self, binding):
        # It prefers redirects wherever the service provider takes them.
        root = etree.fromstring(self._service_provider.read_bytes())
        services = [
            {"Binding": service.get("Binding"), "Location": service.get("Location")}
            for service in root.iterfind(".//md:SingleLogoutService", NAMESPACES)
            if service.get("Binding").lower().endswith(binding)
        ]
        self._configure({"SingleLogoutService": services})

    def close(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def sign_in(self, browser, page):
        form = next((form for form in page.forms if "username" in form.fields), None)
        assert form, f"no login page: {page.status} {page.url} {page.text[:800]}"
        return browser.submit(page, form, username="ada", password=PASSWORD)

    def sign_out(self, browser, binding):
        then = quote(f"{self.base}/signed-out")
        return browser.open(f"{self.base}/saml2/idp/initSLO.php?RelayState={then}")

    def signed_out(self, page):
        # It goes on there after an answer whose signature held; one without success it only notes.
        log = (self.directory / "simplesamlphp.log").read_text()
        return urlsplit(page.url).path == "/signed-out" and "Unsuccessful logout" not in log

    def knows_nobody(self, browser):
        page = browser.open(f"{self.base}/module.php/core/authenticate.php?as=people")
        return any("username" in form.fields for form in page.forms)
