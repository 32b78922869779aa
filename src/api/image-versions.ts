/**
 * What is told of an image as the version of the API has it (as `versionNumber` gives it): before 1.44 its size has a
 * second name, and some clients of that time read no other.
 */
export function adaptImage<Shape extends { readonly Size: number }>(
  shape: Shape,
  version: number,
): Shape & { readonly VirtualSize?: number } {
  return version >= 144 ? shape : { ...shape, VirtualSize: shape.Size };
}
