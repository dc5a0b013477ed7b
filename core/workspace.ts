/** The folder that the application and whoever logs in share: it lives as long as the pod. */
export const workspaceMount = { name: 'workspace', mountPath: '/workspace' };

export const workspaceVolume = () => ({ name: workspaceMount.name, emptyDir: { sizeLimit: '1Gi' } });
