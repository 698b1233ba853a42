// The pod network of one node: flannel's vxlan, with a node's subnet and its peers read from the Kubernetes API.
// Flannel's own command imports every backend, those of clouds as well; a vxlan needs none of their libraries.
package main

import (
	"context"
	"flag"
	"log"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/flannel-io/flannel/pkg/backend"
	_ "github.com/flannel-io/flannel/pkg/backend/vxlan"
	"github.com/flannel-io/flannel/pkg/ipmatch"
	"github.com/flannel-io/flannel/pkg/subnet"
	"github.com/flannel-io/flannel/pkg/subnet/kube"
)

const retryPause = 200 * time.Millisecond

func main() {
	kubeconfig := flag.String("kubeconfig", "", "who reads and annotates nodes; the node is named by NODE_NAME")
	network := flag.String("net-config", "", "flannel's network configuration, a JSON file")
	iface := flag.String("iface", "", "interface, by name or address, that carries the vxlan")
	subnetFile := flag.String("subnet-file", "", "where the node's subnet and MTU go once the network is up")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig, *network, *iface, *subnetFile); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, kubeconfig, network, iface, subnetFile string) error {
	manager, err := kube.NewSubnetManager(ctx, "", kubeconfig, "flannel.alpha.coreos.com", network, false)
	if err != nil {
		return err
	}
	config, err := manager.GetNetworkConfig(ctx)
	if err != nil {
		return err
	}
	stack, err := ipmatch.GetIPFamily(config.EnableIPv4, config.EnableIPv6)
	if err != nil {
		return err
	}
	external, err := ipmatch.LookupExtIface(iface, "", "", stack, ipmatch.PublicIPOpts{})
	if err != nil {
		return err
	}
	vxlan, err := backend.NewManager(ctx, manager, external).GetBackend(config.BackendType)
	if err != nil {
		return err
	}
	var running sync.WaitGroup
	lease, err := register(ctx, vxlan, &running, config)
	if err != nil {
		return err
	}
	own := lease.Lease()
	if err := manager.HandleSubnetFile(subnetFile, config, false, own.Subnet, own.IPv6Subnet, lease.MTU()); err != nil {
		return err
	}
	lease.Run(ctx)
	running.Wait()
	return nil
}

// A node that has just registered has no subnet yet: the controller manager gives it one in its own time.
func register(ctx context.Context, vxlan backend.Backend, running *sync.WaitGroup, config *subnet.Config) (backend.Network, error) {
	for {
		network, err := vxlan.RegisterNetwork(ctx, running, config)
		if err == nil {
			return network, nil
		}
		log.Printf("not registered yet: %v", err)
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(retryPause):
		}
	}
}
