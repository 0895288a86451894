CREATE TABLE [dbo].[Districts] ([DistrictId] INT IDENTITY(1,1) NOT NULL PRIMARY KEY, [Name] NVARCHAR(80) NOT NULL);
CREATE TABLE [dbo].[Schools] ([SchoolId] INT IDENTITY NOT NULL PRIMARY KEY, [DistrictId] INT NOT NULL REFERENCES [dbo].[Districts] ([DistrictId]), [Name] NVARCHAR(80), CONSTRAINT UQ_S UNIQUE ([DistrictId], [SchoolId]));
CREATE TABLE [dbo].[Pupils] ([PupilId] BIGINT IDENTITY NOT NULL PRIMARY KEY, [DistrictId] INT NOT NULL REFERENCES [dbo].[Districts] ([DistrictId]), [SchoolId] INT NOT NULL, [Name] NVARCHAR(80), [Born] DATE, CONSTRAINT FK_P FOREIGN KEY ([DistrictId], [SchoolId]) REFERENCES [dbo].[Schools] ([DistrictId], [SchoolId]));
CREATE TABLE [dbo].[Marks] ([MarkId] BIGINT IDENTITY NOT NULL PRIMARY KEY, [PupilId] BIGINT NOT NULL REFERENCES [dbo].[Pupils] ([PupilId]), [Value] INT, [At] DATETIME2);
CREATE TABLE [dbo].[Buses] ([BusId] INT IDENTITY NOT NULL PRIMARY KEY, [DistrictId] INT NOT NULL REFERENCES [dbo].[Districts] ([DistrictId]), [Plate] NVARCHAR(20) NOT NULL UNIQUE, [Seats] INT);
GO
CREATE VIEW [dbo].[Roll] WITH SCHEMABINDING AS SELECT [PupilId], [DistrictId], [Name] FROM [dbo].[Pupils];
GO
