# What the cluster has from the start; $ca is its authority's certificate, $network its pods' network.
def bind(group; role; name): {
  apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding", metadata: { name: name },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
  subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: group }]
};

# What a holder of the cluster's token may do.
{
  apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "k3s:agents" },
  rules: [
    { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch", "patch"] },
    { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] },
    { apiGroups: [""], resources: ["configmaps"], resourceNames: ["k3s-double"], verbs: ["get"] }
  ]
},
bind("k3s:agents"; "k3s:agents"; "k3s:agents"),
bind("k3s:agents"; "system:node-bootstrapper"; "k3s:agents:bootstrap"),
bind("k3s:agents"; "system:certificates.k8s.io:certificatesigningrequests:nodeclient"; "k3s:agents:approve"),
# What kubeadm would have bound.
bind("kubeadm:cluster-admins"; "cluster-admin"; "kubeadm:cluster-admins"),
# What agents need before they are nodes: they ask for it, and once they may read it the rest is there too.
{
  apiVersion: "v1", kind: "ConfigMap", metadata: { name: "k3s-double", namespace: "kube-system" },
  data: { ca: $ca, clusterCIDR: $network }
}
