// Makes the replica set and one user per service, readWrite on its own database only. May run again.
try {
  rs.status();
} catch (error) {
  rs.initiate({ _id: "nhipdoan", members: [{ _id: 0, host: "mongo:27017" }] });
}
while (!db.hello().isWritablePrimary) sleep(200);
const admin = db.getSiblingDB("admin");
for (const service of ["members", "scheduling", "notifications"]) {
  const pwd = process.env[`MONGO_${service.toUpperCase()}_PASSWORD`];
  const roles = [{ role: "readWrite", db: service }];
  if (admin.getUser(service)) admin.updateUser(service, { pwd, roles });
  else admin.createUser({ user: service, pwd, roles });
}
