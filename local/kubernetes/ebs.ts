/** The driver of EKS Auto Mode, in whose name the local cloud makes volumes and their snapshots. */
export const ebsDriver = 'ebs.csi.eks.amazonaws.com';
