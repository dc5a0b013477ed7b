package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

const validity = 5 * 365 * 24 * time.Hour

// newPKICommand writes the node's CA, certificates, service-account keys and kubeconfigs into a folder.
func newPKICommand() *cobra.Command {
	var dir, node, server string
	var addresses []net.IP
	command := &cobra.Command{
		Use:          "pki",
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			return writePKI(dir, node, server, addresses)
		},
	}
	command.Flags().StringVar(&dir, "dir", "pki", "folder to write to")
	command.Flags().StringVar(&node, "node-name", "local", "name of the node")
	command.Flags().StringVar(&server, "server", "", "address of the API server, as its clients see it")
	command.Flags().IPSliceVar(&addresses, "address", nil, "addresses in the API server's certificate")
	return command
}

// identity is what a client certificate says of its owner: Kubernetes reads user and group from it.
type identity struct{ user, group string }

func writePKI(dir, node, server string, addresses []net.IP) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ca, err := newAuthority(dir)
	if err != nil {
		return err
	}
	serving := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
		IPAddresses: append(addresses, net.IPv4(127, 0, 0, 1)),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if _, _, err := ca.issue(dir, "apiserver", serving); err != nil {
		return err
	}
	clients := map[string]identity{
		"admin":              {"kubernetes-admin", "system:masters"},
		"apiserver-kubelet":  {"kube-apiserver-kubelet-client", "system:masters"},
		"controller-manager": {"system:kube-controller-manager", ""},
		"front-proxy":        {"front-proxy-client", ""},
		"kubelet":            {"system:node:" + node, "system:nodes"},
		"proxy":              {"system:kube-proxy", ""},
		"scheduler":          {"system:kube-scheduler", ""},
	}
	for name, client := range clients {
		if err := ca.issueClient(dir, name, server, client); err != nil {
			return err
		}
	}
	return writeServiceAccountKeys(dir)
}

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	encoded     []byte
}

func newAuthority(dir string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "kubernetes"},
		NotBefore:             time.Now().Add(-time.Minute),
		NotAfter:              time.Now().Add(validity),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("create the CA: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return &authority{certificate, key, encoded}, os.WriteFile(filepath.Join(dir, "ca.crt"), encoded, 0o644)
}

// issue signs a certificate for a new key and writes both as NAME.crt and NAME.key.
func (a *authority) issue(dir, name string, template *x509.Certificate) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	template.NotBefore, template.NotAfter = a.certificate.NotBefore, a.certificate.NotAfter
	template.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, private.Public(), a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("sign %s: %w", name, err)
	}
	certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	key, err = encodeKey(private)
	if err != nil {
		return nil, nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, name+".crt"), certificate, 0o644); err != nil {
		return nil, nil, err
	}
	return certificate, key, os.WriteFile(filepath.Join(dir, name+".key"), key, 0o600)
}

// issueClient also writes NAME.kubeconfig, with everything inline so that it can be read from any folder.
func (a *authority) issueClient(dir, name, server string, client identity) error {
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: client.user},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if client.group != "" {
		template.Subject.Organization = []string{client.group}
	}
	certificate, key, err := a.issue(dir, name, template)
	if err != nil {
		return err
	}
	config := api.NewConfig()
	config.Clusters["local"] = &api.Cluster{Server: server, CertificateAuthorityData: a.encoded}
	config.AuthInfos[name] = &api.AuthInfo{ClientCertificateData: certificate, ClientKeyData: key}
	config.Contexts[name] = &api.Context{Cluster: "local", AuthInfo: name}
	config.CurrentContext = name
	return clientcmd.WriteToFile(*config, filepath.Join(dir, name+".kubeconfig"))
}

func writeServiceAccountKeys(dir string) error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	key, err := encodeKey(private)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "sa.key"), key, 0o600); err != nil {
		return err
	}
	encoded := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	return os.WriteFile(filepath.Join(dir, "sa.pub"), encoded, 0o644)
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}
