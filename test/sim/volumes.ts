/** What clusters of a story have for volumes, where some are kept as snapshots. */
export const snapshotDriver = 'ebs.csi.eks.amazonaws.com';
export const keepingVolumes = [{ name: 'gp3', storageClass: 'getschwifty-gp3', snapshotClass: 'keeps' }];
